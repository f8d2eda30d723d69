//! `RedisFleet::from_env`. The environment of a running process cannot be changed safely, so that the test runs itself again.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use portal_sdk::fleet::RedisFleet;
use portal_sdk::testing::TestInstance;

const VARIABLE: &str = "PORTAL_REDIS_URL";
/// Set in the processes that the test starts.
const CHILD: &str = "PORTAL_TEST_CHILD";

#[test]
fn server_is_read_from_the_environment() {
    if env::var_os(CHILD).is_some() {
        println!("found {:?}", RedisFleet::from_env(TestInstance::new().instance()));
        return;
    }
    assert!(from_env(None).contains("found Ok(None)"));
    assert!(from_env(Some(" ".as_ref())).contains("found Ok(None)"));
    let fleet = from_env(Some("redis://:hunter2@redis.internal:6380/2".as_ref()));
    assert!(
        fleet.contains("found Ok(Some(RedisFleet")
            && fleet.contains("redis.internal:6380")
            && !fleet.contains("hunter2"),
        "{fleet}"
    );
    let malformed = from_env(Some("http://redis.internal".as_ref()));
    assert!(
        malformed.contains("found Err(") && malformed.contains(VARIABLE),
        "{malformed}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let binary = from_env(Some(OsStr::from_bytes(b"redis://\xff")));
        assert!(binary.contains("found Err(") && binary.contains(VARIABLE), "{binary}");
    }
}

/// Returns what the test prints in a process with this value of the variable.
fn from_env(url: Option<&OsStr>) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([
        "--exact",
        "environment::server_is_read_from_the_environment",
        "--nocapture",
    ]);
    child.env(CHILD, "1").env_remove(VARIABLE);
    if let Some(url) = url {
        child.env(VARIABLE, url);
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
