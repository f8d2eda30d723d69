//! The report of a measurement, as text or JSON.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The portal that was measured.
    pub(crate) executable: String,
    /// `null` if the portal was not pinned to a core.
    pub(crate) pinned_to_core: Option<usize>,
    pub(crate) rounds: u32,
    pub(crate) handshakes_per_round: u32,
    pub(crate) connections: u32,
    pub(crate) handshakes_per_second: f64,
    pub(crate) handshakes_with_payload_per_second: f64,
    pub(crate) start_in_memory_ms: f64,
    pub(crate) start_with_new_file_ms: f64,
    pub(crate) start_with_existing_file_ms: f64,
    /// `null` if the system does not report it.
    pub(crate) resident_at_rest_kib: Option<u64>,
    pub(crate) resident_after_load_kib: Option<u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.pinned_to_core {
            Some(core) => format!("pinned to core {core}"),
            None => "not pinned to a core, which takes taskset and /proc".to_owned(),
        };
        writeln!(f, "{}, {place}", self.executable)?;
        writeln!(
            f,
            "medians of {} rounds; {} handshakes a round over {} connections\n",
            self.rounds, self.handshakes_per_round, self.connections
        )?;
        writeln!(
            f,
            "handshakes                  {:>8.0} per second",
            self.handshakes_per_second
        )?;
        writeln!(
            f,
            "  with their payloads       {:>8.0} per second",
            self.handshakes_with_payload_per_second
        )?;
        writeln!(f, "start, data in memory       {:>8.1} ms", self.start_in_memory_ms)?;
        writeln!(f, "start, new file             {:>8.1} ms", self.start_with_new_file_ms)?;
        writeln!(
            f,
            "start, existing file        {:>8.1} ms",
            self.start_with_existing_file_ms
        )?;
        for (label, resident) in [
            ("at rest", self.resident_at_rest_kib),
            ("after the load", self.resident_after_load_kib),
        ] {
            match resident {
                Some(kib) => writeln!(f, "resident memory, {label:<14} {kib:>5} KiB")?,
                None => writeln!(f, "resident memory, {label:<14}     not known on this system")?,
            }
        }
        Ok(())
    }
}
