//! The transports by their names, and which of them carries an endpoint.
//!
//! The one place that lists them. Opens no socket.

use std::sync::Arc;

use super::{InProcess, Omq, Transport, Zeromq};

/// The transport that stays within the process.
pub const IN_PROCESS: &str = "inproc";

/// What endpoints within the process begin with.
const SCHEME: &str = "inproc://";

macro_rules! transports {
    ($default:literal; $($name:literal: $transport:expr,)*) => {
        /// The transport that carries what nobody has chosen one for.
        pub const DEFAULT: &str = $default;

        /// The names of the transports.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The transport of this name.
        #[must_use]
        pub fn find(name: &str) -> Option<Arc<dyn Transport>> {
            match name {
                $($name => Some(Arc::new($transport)),)*
                _ => None,
            }
        }
    };
}

transports! {
    "omq";
    "omq": Omq,
    "zeromq": Zeromq,
    "inproc": InProcess,
}

/// Why no transport carries an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No transport has this name.
    #[error("there is no transport `{0}`: there are `{names}`", names = NAMES.join("`, `"))]
    Unknown(String),
    /// The endpoint is within the process, and the transport chosen for it is not.
    #[error(
        "the transport `{transport}` cannot carry `{endpoint}`, which stays within the process: choose none for it"
    )]
    WithinProcess {
        /// The endpoint.
        endpoint: String,
        /// The transport that was chosen for it.
        transport: String,
    },
    /// The transport stays within the process, and the endpoint does not.
    #[error("the transport `inproc` cannot carry `{endpoint}`: it stays within the process, as `inproc://NAME` does")]
    BeyondProcess {
        /// The endpoint.
        endpoint: String,
    },
}

/// The transport that carries `endpoint`. `own` is what was chosen for its connection, `general` what was chosen for all
/// connections of the process; an endpoint within the process has its own transport, and never the general one.
///
/// # Errors
/// A name that no transport has, or a choice that contradicts the endpoint.
pub fn for_endpoint(
    endpoint: &str,
    own: Option<&str>,
    general: Option<&str>,
) -> Result<Arc<dyn Transport>, ChoiceError> {
    let within_process = endpoint.starts_with(SCHEME);
    let name = match own {
        Some(name) => name,
        None if within_process => IN_PROCESS,
        None => general.unwrap_or(DEFAULT),
    };
    let transport = find(name).ok_or_else(|| ChoiceError::Unknown(name.to_owned()))?;
    match (within_process, name == IN_PROCESS) {
        (true, false) => Err(ChoiceError::WithinProcess { endpoint: endpoint.to_owned(), transport: name.to_owned() }),
        (false, true) => Err(ChoiceError::BeyondProcess { endpoint: endpoint.to_owned() }),
        _ => Ok(transport),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(endpoint: &str, own: Option<&str>, general: Option<&str>) -> &'static str {
        for_endpoint(endpoint, own, general).unwrap().name()
    }

    fn refusal(endpoint: &str, own: Option<&str>, general: Option<&str>) -> String {
        for_endpoint(endpoint, own, general).err().unwrap().to_string()
    }

    #[test]
    fn each_transport_is_found_by_the_name_that_it_says() {
        for name in NAMES {
            assert_eq!(find(name).unwrap().name(), *name);
        }
        assert!(NAMES.contains(&DEFAULT));
        assert!(find("zmq").is_none());
    }

    #[test]
    fn what_was_chosen_for_a_connection_comes_before_what_was_chosen_for_all() {
        assert_eq!(name("tcp://127.0.0.1:1", None, None), "omq");
        assert_eq!(name("tcp://127.0.0.1:1", None, Some("zeromq")), "zeromq");
        assert_eq!(name("ipc:///tmp/a", Some("omq"), Some("zeromq")), "omq");
    }

    #[test]
    fn an_endpoint_within_the_process_has_its_own_transport_whatever_the_others_have() {
        assert_eq!(name("inproc://desk", None, None), "inproc");
        assert_eq!(name("inproc://desk", None, Some("zeromq")), "inproc");
        assert_eq!(name("inproc://desk", Some("inproc"), Some("omq")), "inproc");
    }

    #[test]
    fn what_contradicts_an_endpoint_is_refused_by_name() {
        assert_eq!(
            refusal("inproc://desk", Some("zeromq"), None),
            "the transport `zeromq` cannot carry `inproc://desk`, which stays within the process: choose none for it"
        );
        let beyond = "the transport `inproc` cannot carry `ipc:///tmp/a`: it stays within the process, as \
                      `inproc://NAME` does";
        assert_eq!(refusal("ipc:///tmp/a", Some("inproc"), None), beyond);
        assert_eq!(refusal("ipc:///tmp/a", None, Some("inproc")), beyond);
        let unknown = "there is no transport `zmq`: there are `omq`, `zeromq`, `inproc`";
        assert_eq!(refusal("tcp://127.0.0.1:1", Some("zmq"), None), unknown);
        assert_eq!(refusal("tcp://127.0.0.1:1", None, Some("zmq")), unknown);
    }
}
