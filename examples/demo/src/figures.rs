//! The figures that a service prints: one `name: value` a line.

use crate::error::Error;

/// What a service printed.
pub(crate) struct Figures(String);

impl Figures {
    pub(crate) const fn of(printed: String) -> Self {
        Self(printed)
    }

    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Result<&str, Error> {
        let mut figures = self.0.lines().filter_map(|line| line.split_once(": "));
        let found = figures.find(|(figure, _)| *figure == name);
        found.map(|(_, value)| value).ok_or_else(|| Error::Figure(format!("no figure `{name}` in:\n{}", self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let figures = Figures::of("last price: 1\nprice: 2: 3\n".to_owned());
        assert_eq!(figures.get("price").unwrap(), "2: 3");
        assert!(figures.get("last").unwrap_err().to_string().contains("no figure `last` in:\nlast price: 1"));
    }
}
