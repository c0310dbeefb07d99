//! Arrays of floats in one block, as a book of prices or a vector of features is sent.

use std::ops::{Deref, DerefMut};

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::schema::{ArgType, Length};
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use super::{Argument, unexpected};

/// An array of 64-bit floats that crosses as one block of bytes, as NumPy's arrays do; a `Vec<f64>` crosses as a list.
///
/// ```
/// use service_framework::FloatArray;
///
/// let weights = FloatArray::from(vec![0.25, 0.75]);
/// assert_eq!(weights.iter().sum::<f64>(), 1.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloatArray(pub Vec<f64>);

impl From<Vec<f64>> for FloatArray {
    fn from(floats: Vec<f64>) -> Self {
        Self(floats)
    }
}

impl FromIterator<f64> for FloatArray {
    fn from_iter<I: IntoIterator<Item = f64>>(floats: I) -> Self {
        Self(floats.into_iter().collect())
    }
}

impl Deref for FloatArray {
    type Target = Vec<f64>;

    fn deref(&self) -> &Vec<f64> {
        &self.0
    }
}

impl DerefMut for FloatArray {
    fn deref_mut(&mut self) -> &mut Vec<f64> {
        &mut self.0
    }
}

impl Argument for FloatArray {
    type Of<'a> = Self;

    fn arg_type() -> ArgType {
        ArgType::FloatArray(Length::ANY)
    }

    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        let floats = arena.alloc_slice_fill_iter(self.0.iter().map(|float| float.to_le_bytes()));
        Slot::float_array(floats.as_flattened())
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<Self, Refusal> {
        let View::FloatArray(bytes) = slot.view() else { return Err(unexpected("FloatArray", slot)) };
        let (floats, _) = bytes.as_chunks::<8>();
        Ok(floats.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    fn value(&self) -> Value {
        Value::FloatArray(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, round_trip};
    use super::*;

    #[test]
    fn floats_keep_every_bit() {
        round_trip(&FloatArray(vec![0.1, f64::INFINITY, f64::MIN_POSITIVE]));
        round_trip(&FloatArray::default());
        let negative_zero = FloatArray(vec![-0.0]);
        let back = read::<FloatArray>(negative_zero.slot(&Arena::new())).unwrap();
        assert!(back[0].is_sign_negative());
    }
}
