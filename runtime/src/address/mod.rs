//! One address: where a socket binds or what it connects to.
//!
//! Owns the forms in which people write addresses, and the canonical one in which transports get them. Never resolves
//! a name.

mod error;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

pub use error::{AddressError, OnlyBinds};
use error::{LONGEST_INPROC_NAME, LONGEST_IPC_PATH, SCHEMES};

/// The longest host name in characters (RFC 1123).
const LONGEST_NAME: usize = 253;

/// Where a socket binds or what it connects to. Its text is the canonical endpoint, such as `tcp://127.0.0.1:8001`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A port of a host.
    Tcp {
        /// The host.
        host: Host,
        /// The port; 0 lets the system choose one, where the socket binds.
        port: u16,
    },
    /// A Unix socket: its path.
    Ipc(String),
    /// A name that services of one process share.
    Inproc(String),
}

/// The host of a TCP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// All interfaces, written `*`.
    All,
    /// A number.
    Ip(IpAddr),
    /// A name, resolved by the transport.
    Name(String),
}

impl Address {
    /// Why a socket cannot connect to this address, if it can only be bound.
    #[must_use]
    pub const fn only_binds(&self) -> Option<OnlyBinds> {
        match self {
            Self::Tcp { host: Host::All, .. } => Some(OnlyBinds::AllInterfaces),
            Self::Tcp { port: 0, .. } => Some(OnlyBinds::AnyPort),
            _ => None,
        }
    }

    /// Whether only services of the same process can reach it.
    #[must_use]
    pub const fn is_inproc(&self) -> bool {
        matches!(self, Self::Inproc(_))
    }

    /// The scheme with which its canonical text begins.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::Tcp { .. } => "tcp",
            Self::Ipc(_) => "ipc",
            Self::Inproc(_) => "inproc",
        }
    }

    /// Whether only this machine can reach a socket that binds this address, although it looks like the network's.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp { host: Host::Ip(ip), .. } => ip.is_loopback(),
            Self::Tcp { host: Host::Name(name), .. } => name.eq_ignore_ascii_case("localhost"),
            Self::Tcp { host: Host::All, .. } | Self::Ipc(_) | Self::Inproc(_) => false,
        }
    }

    /// Whether two sockets could not both bind these addresses.
    #[must_use]
    pub fn collides_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ipc(one), Self::Ipc(other)) | (Self::Inproc(one), Self::Inproc(other)) => one == other,
            (Self::Tcp { host: one, port }, Self::Tcp { host: other, port: other_port }) => {
                port == other_port && *port != 0 && (one == other || one.is_all() || other.is_all())
            }
            _ => false,
        }
    }
}

impl Host {
    const fn is_all(&self) -> bool {
        match self {
            Self::All => true,
            Self::Ip(ip) => ip.is_unspecified(),
            Self::Name(_) => false,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Ipc(path) => write!(f, "ipc://{path}"),
            Self::Inproc(name) => write!(f, "inproc://{name}"),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.trim() != text {
            return Err(AddressError::Spaces);
        }
        match text.split_once("://") {
            Some(("tcp", rest)) => tcp(rest),
            Some(("ipc", path)) => ipc(path),
            Some(("inproc", name)) if (1..=LONGEST_INPROC_NAME).contains(&name.len()) => {
                Ok(Self::Inproc(name.to_owned()))
            }
            Some(("inproc", name)) => Err(AddressError::BadName(name.len())),
            Some((scheme, _)) => Err(AddressError::Scheme(scheme.to_owned())),
            None => match text.split_once(':') {
                Some((before, after)) => match SCHEMES.into_iter().find(|scheme| *scheme == before) {
                    Some(scheme) if port_of(after).is_err() => {
                        let mended = format!("{scheme}://{after}");
                        Err(AddressError::NoSlashes { mended })
                    }
                    _ => tcp(text),
                },
                None => Err(AddressError::Shape),
            },
        }
    }
}

fn ipc(path: &str) -> Result<Address, AddressError> {
    if !(1..=LONGEST_IPC_PATH).contains(&path.len()) {
        return Err(AddressError::BadPath(path.len()));
    }
    if path.contains('\0') {
        return Err(AddressError::NullInPath);
    }
    Ok(Address::Ipc(path.to_owned()))
}

fn tcp(text: &str) -> Result<Address, AddressError> {
    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(AddressError::NoBrackets)?;
        let ip: Ipv6Addr = host.parse().map_err(|_| AddressError::BadHost(host.to_owned()))?;
        (Host::Ip(ip.into()), rest.strip_prefix(':').ok_or(AddressError::NoPort)?)
    } else {
        let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
        if host.contains(':') {
            return Err(AddressError::NoBrackets);
        }
        (host_of(host)?, port)
    };
    Ok(Address::Tcp { host, port: port_of(port)? })
}

fn host_of(text: &str) -> Result<Host, AddressError> {
    if text.is_empty() {
        return Err(AddressError::NoHost);
    }
    if text == "*" {
        return Ok(Host::All);
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(ip.into()));
    }
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    // A name whose last label is a number would be an IPv4 address that was written wrongly.
    let last_is_number = text.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.len() > LONGEST_NAME || last_is_number || !name.split('.').all(is_label) {
        return Err(AddressError::BadHost(text.to_owned()));
    }
    Ok(Host::Name(text.to_owned()))
}

fn port_of(text: &str) -> Result<u16, AddressError> {
    if text.is_empty() {
        return Err(AddressError::NoPort);
    }
    let bad = || AddressError::BadPort(text.to_owned());
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    text.parse().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn refusal(text: &str) -> String {
        text.parse::<Address>().unwrap_err().to_string()
    }

    #[test]
    fn each_form_has_one_canonical_text() {
        for (written, canonical) in [
            ("127.0.0.1:8001", "tcp://127.0.0.1:8001"),
            ("tcp://127.0.0.1:8001", "tcp://127.0.0.1:8001"),
            ("*:8001", "tcp://*:8001"),
            ("localhost:0", "tcp://localhost:0"),
            ("[0:0::1]:65535", "tcp://[::1]:65535"),
            ("order_book-1.example.com:80", "tcp://order_book-1.example.com:80"),
            ("ipc:///tmp/orders.sock", "ipc:///tmp/orders.sock"),
            ("inproc://orders", "inproc://orders"),
            ("ipc:80", "tcp://ipc:80"),
        ] {
            assert_eq!(address(written).to_string(), canonical);
            assert_eq!(address(canonical), address(written));
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (written, why) in [
            ("", "expected a host and a port, `ipc://` and a path, or `inproc://` and a name"),
            ("8001", "expected a host and a port, `ipc://` and a path, or `inproc://` and a name"),
            (":8001", "the host is missing"),
            ("127.0.0.1:", "the port is missing"),
            ("tcp://127.0.0.1", "the port is missing"),
            ("127.0.0.1:80010", "the port `80010` is not a number from 0 to 65535"),
            ("127.0.0.1:+80", "the port `+80` is not a number from 0 to 65535"),
            ("256.24.52.1:9000", "`256.24.52.1` is not a host"),
            ("a b:1", "`a b` is not a host"),
            ("::1:8001", "an IPv6 address stands in brackets"),
            ("[::1:8001", "an IPv6 address stands in brackets"),
            ("[::x]:8001", "`::x` is not a host"),
            ("http://a:1", "the scheme `http` is not known"),
            (" 127.0.0.1:8001", "there is a space in front of it or behind it"),
            ("ipc:/tmp/orders.sock", "two slashes follow its scheme"),
            ("tcp:127.0.0.1:8001", "two slashes follow its scheme"),
            ("ipc:///tmp/\0", "its path holds a null character"),
            ("inproc://", "the name of an `inproc://` address has 1 to 255 bytes, this one has 0"),
            ("ipc://", "the path of an `ipc://` address has 1 to 107 bytes, this one has 0"),
        ] {
            assert_eq!(refusal(written), why, "{written}");
        }
        assert!(refusal(&format!("ipc:///{}", "x".repeat(107))).ends_with("this one has 108"));
    }

    #[test]
    fn all_interfaces_and_any_port_are_only_for_binding() {
        for text in ["*:8001", "127.0.0.1:0"] {
            assert!(address(text).only_binds().is_some(), "{text}");
        }
        assert_eq!(address("127.0.0.1:1").only_binds(), None);
    }

    #[test]
    fn a_misspelt_scheme_finds_the_right_one() {
        assert_eq!("ipx://a".parse::<Address>().unwrap_err().help(), "did you mean `ipc://`?");
        assert!("https://a".parse::<Address>().unwrap_err().help().starts_with("known are `tcp://`"));
    }

    #[test]
    fn addresses_collide_if_one_covers_the_other() {
        for (one, other, collide) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("*:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "0.0.0.0:1", true),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("ipc://a", "ipc://a", true),
            ("ipc://a", "ipc://b", false),
            ("ipc://a", "127.0.0.1:1", false),
            ("inproc://a", "inproc://a", true),
            ("inproc://a", "ipc://a", false),
        ] {
            assert_eq!(address(one).collides_with(&address(other)), collide, "{one} {other}");
        }
    }

    #[test]
    fn loopback_is_known_in_every_form() {
        for text in ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"] {
            assert!(address(text).is_loopback(), "{text}");
        }
        for text in ["*:1", "0.0.0.0:1", "example.com:1", "ipc:///tmp/x", "inproc://x"] {
            assert!(!address(text).is_loopback(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_an_address_reads_back_as_itself(
            text in r"((tcp|ipc|inproc|x)://)?[*\[\]:.a-z0-9 é-]{0,20}(:[0-9]{0,6})?"
        ) {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
