//! A copy as it is written by hand for one feed: an ordered map, and `rmp`.
//!
//! Owns the reading of exactly these updates. It looks whether the number is the next one, and checks nothing else.

use std::collections::BTreeMap;

use rmp::decode;
use rust_decimal::Decimal;
use service_framework_model::state::KeyRef;
use service_framework_states::tree::{Branch, Found};

/// A value of one of the three kinds that are measured.
#[derive(Default)]
pub(crate) struct ByHand {
    texts: BTreeMap<String, i64>,
    prices: BTreeMap<Decimal, Decimal>,
    last: u64,
}

impl ByHand {
    /// Applies an update. `None` if it is none, or not the next one.
    pub(crate) fn update(&mut self, mut frame: &[u8]) -> Option<()> {
        let frame = &mut frame;
        for _ in 0..decode::read_map_len(frame).ok()? {
            match text(frame)? {
                "args" => self.arguments(frame)?,
                "workflow_id" => decode::read_nil(frame).ok()?,
                "sync" => drop(sync(frame)?),
                _ => return None,
            }
        }
        Some(())
    }

    fn arguments(&mut self, frame: &mut &[u8]) -> Option<()> {
        for _ in 0..decode::read_map_len(frame).ok()? {
            match text(frame)? {
                "current_num" => {
                    let number = decode::read_int(frame).ok()?;
                    if self.last != 0 && number != self.last + 1 {
                        return None;
                    }
                    self.last = number;
                }
                "is_snapshot" => drop(decode::read_bool(frame).ok()?),
                "state" => self.state(frame)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn state(&mut self, frame: &mut &[u8]) -> Option<()> {
        for _ in 0..decode::read_map_len(frame).ok()? {
            let key = text(frame)?;
            if key == "bids" || key == "asks" {
                self.state(frame)?;
            } else if key.starts_with("key_") {
                let value = decode::read_int(frame).ok()?;
                match self.texts.get_mut(key) {
                    Some(old) => *old = value,
                    None => drop(self.texts.insert(key.to_owned(), value)),
                }
            } else {
                self.prices.insert(Decimal::from_str_exact(key).ok()?, decimal(frame)?);
            }
        }
        Some(())
    }

    /// Whether it has the keys of this value.
    pub(crate) fn is_as(&self, value: Branch<'_>) -> bool {
        let count = value.iter().map(|(_, found)| if let Found::Map(inside) = found { inside.len() } else { 1 });
        let there = |(key, found): (KeyRef<'_>, Found<'_>)| match (key, found) {
            (KeyRef::Str(text), Found::Leaf(mut leaf)) => {
                self.texts.get(text).is_some_and(|held| decode::read_int::<i64, _>(&mut leaf).ok() == Some(*held))
            }
            (KeyRef::Decimal(price), Found::Leaf(mut leaf)) => {
                self.prices.get(&price).is_some_and(|held| decimal(&mut leaf) == Some(*held))
            }
            (_, Found::Map(inside)) => {
                inside.iter().all(|(key, _)| matches!(key, KeyRef::Decimal(price) if self.prices.contains_key(&price)))
            }
            _ => false,
        };
        value.iter().all(there) && count.sum::<usize>() == self.texts.len() + self.prices.len()
    }
}

fn text<'a>(frame: &mut &'a [u8]) -> Option<&'a str> {
    let (text, rest) = decode::read_str_from_slice(*frame).ok()?;
    *frame = rest;
    Some(text)
}

fn decimal(frame: &mut &[u8]) -> Option<Decimal> {
    decode::read_map_len(frame).ok()?;
    text(frame)?;
    decode::read_bool(frame).ok()?;
    text(frame)?;
    Decimal::from_str_exact(text(frame)?).ok()
}

/// The sum of what `sync` says: all of it is whole numbers.
fn sync(frame: &mut &[u8]) -> Option<u64> {
    let mut sum = 0_u64;
    for _ in 0..decode::read_map_len(frame).ok()? {
        text(frame)?;
        sum = sum.wrapping_add(decode::read_int(frame).ok()?);
    }
    Some(sum)
}
