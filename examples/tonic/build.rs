//! Writes the code of the two services. `tonic-prost-build` does the same from a `.proto` file, with `protoc`.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let service = |service: &str, method: &str, route: &str, reply: &str| {
        let method = Method::builder()
            .name(method)
            .route_name(route)
            .input_type("crate::messages::Empty")
            .output_type(reply)
            .codec_path("tonic_prost::ProstCodec");
        Service::builder()
            .package("example")
            .name(service)
            .method(method.build())
            .build()
    };
    let reply = "crate::messages::User";
    Builder::new().compile(&[
        service("Profile", "show", "Show", reply),
        service("Team", "owner", "Owner", reply),
    ]);
}
