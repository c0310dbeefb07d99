//! Why a text is no address, or none that a socket can connect to, and what to write instead.
//!
//! Owns the words and the limits that they name. Never reads an address.

use service_framework_model::nearest::nearest;

/// The longest path of a Unix socket in bytes: `sun_path` has 108, the last one is its end.
pub(super) const LONGEST_IPC_PATH: usize = 107;

/// The longest name within a process, in bytes.
pub(super) const LONGEST_INPROC_NAME: usize = 255;

/// What may stand in front of `://`.
pub(super) const SCHEMES: [&str; 3] = ["tcp", "ipc", "inproc"];

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither a host with a port nor a known scheme.
    #[error("expected a host and a port, `ipc://` and a path, or `inproc://` and a name")]
    Shape,
    /// White space in front of it or behind it.
    #[error("there is a space in front of it or behind it")]
    Spaces,
    /// A scheme that is not known.
    #[error("the scheme `{0}` is not known")]
    Scheme(String),
    /// A scheme without the slashes behind it.
    #[error("two slashes follow its scheme")]
    NoSlashes {
        /// The same with the slashes.
        mended: String,
    },
    /// Nothing in front of the port.
    #[error("the host is missing")]
    NoHost,
    /// Nothing that could be a host.
    #[error("`{0}` is not a host")]
    BadHost(String),
    /// An IPv6 address without brackets.
    #[error("an IPv6 address stands in brackets")]
    NoBrackets,
    /// No port.
    #[error("the port is missing")]
    NoPort,
    /// No number from 0 to 65535.
    #[error("the port `{0}` is not a number from 0 to 65535")]
    BadPort(String),
    /// A path of no use.
    #[error("the path of an `ipc://` address has 1 to {LONGEST_IPC_PATH} bytes, this one has {0}")]
    BadPath(usize),
    /// A path with a byte that ends it.
    #[error("its path holds a null character")]
    NullInPath,
    /// A name of no use.
    #[error("the name of an `inproc://` address has 1 to {LONGEST_INPROC_NAME} bytes, this one has {0}")]
    BadName(usize),
}

/// Why an address is of no use to a socket that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnlyBinds {
    /// All interfaces, where one host is needed.
    #[error("`*` means all interfaces, which only a bind can use")]
    AllInterfaces,
    /// Any port, where a known one is needed.
    #[error("port 0 lets the system choose a port, which only a bind can use")]
    AnyPort,
}

impl AddressError {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::Shape | Self::NoPort => "write an address like `127.0.0.1:8001` or `ipc:///tmp/orders.sock`",
            Self::Spaces => "remove the space",
            Self::Scheme(scheme) => match nearest(scheme, SCHEMES) {
                Some(near) => return format!("did you mean `{near}://`?"),
                None => "known are `tcp://`, `ipc://` and `inproc://`; without a scheme it is `tcp://`",
            },
            Self::NoSlashes { mended } => return format!("write `{mended}`"),
            Self::NoHost => "write `*:8001` to bind all interfaces, or the host in front of the colon",
            Self::BadHost(_) => "a host is an IP address, a name, or `*` for all interfaces",
            Self::NoBrackets => "write it like `[::1]:8001`",
            Self::BadPort(_) => "write a port such as `8001`",
            Self::BadPath(_) => "choose a path like `/tmp/orders.sock`",
            Self::NullInPath => "choose another path",
            Self::BadName(_) => "write a name such as `inproc://orders`",
        };
        help.to_owned()
    }
}

impl OnlyBinds {
    /// What to write instead.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::AllInterfaces => "write the host of the other side",
            Self::AnyPort => "write the port of the other side",
        }
    }
}
