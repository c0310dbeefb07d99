//! What can be told of a publication without reading it: its number, and the bytes of some of its arguments.
//!
//! Owns that look, for queues that choose between messages before anybody has time for them. Never validates: a message
//! that looks good here may be refused when it is read.

use crate::error::{Code, Refusal};
use crate::wire::reader::Item;
use crate::wire::seq::{self, Seq};
use crate::wire::{Arena, Reader};

/// Looks at the map of a publication. `values` gets the bytes of the arguments of these names, each in the place of its
/// name; an argument that is not there leaves its place as it was.
///
/// # Errors
/// If the frame is no map, or ends inside of it.
pub fn glance<'f>(frame: &'f [u8], names: &[String], values: &mut [&'f [u8]]) -> Result<Option<Seq>, Refusal> {
    let mut reader = Reader::new(frame);
    let Some(count) = reader.map_head()? else { return Err(Refusal::new(Code::NotAMap, "the message is not a map")) };
    let mut number = None;
    for _ in 0..count {
        if !names.is_empty() && reader.skip_prefix(b"\xa4args") {
            arguments(&mut reader, names, values)?;
        } else if reader.skip_prefix(seq::KEY) {
            let start = reader;
            reader.skip()?;
            number = Seq::read(&mut start.clone(), &Arena::new()).unwrap_or_default();
        } else {
            reader.skip()?;
            reader.skip()?;
        }
    }
    Ok(number)
}

fn arguments<'f>(reader: &mut Reader<'f>, names: &[String], values: &mut [&'f [u8]]) -> Result<(), Refusal> {
    let Some(count) = reader.map_head()? else { return reader.skip() };
    for _ in 0..count {
        let mut key = *reader;
        reader.skip()?;
        let name = match key.item() {
            Ok(Item::Str(name)) => names.iter().position(|known| known == name),
            _ => None,
        };
        let start = reader.rest();
        reader.skip()?;
        let length = start.len() - reader.rest().len();
        if let (Some(value), Some(bytes)) = (name.and_then(|name| values.get_mut(name)), start.get(..length)) {
            *value = bytes;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use crate::wire::encode_value;

    fn frame(entries: Vec<(&str, Value)>) -> Vec<u8> {
        let mut out = Vec::new();
        encode_value(&Value::map(entries), &mut out);
        out
    }

    fn bytes(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        encode_value(value, &mut out);
        out
    }

    #[test]
    fn the_number_and_the_arguments_are_found_in_whatever_order_they_come() {
        let seq = Value::List(vec![Value::UInt(u64::MAX), Value::Int(7)]);
        let args = Value::map([("price", Value::Int(5)), ("symbol", "A".into()), ("side", Value::Map(vec![]))]);
        let names = ["symbol".to_owned(), "side".to_owned(), "venue".to_owned()];
        for entries in [
            vec![("args", args.clone()), ("workflow_id", "w".into()), ("seq", seq.clone())],
            vec![("seq", seq), ("other", Value::map([("args", Value::Nil)])), ("args", args)],
        ] {
            let frame = frame(entries);
            let mut values = [&[][..]; 3];
            let number = glance(&frame, &names, &mut values).unwrap();
            assert_eq!(number, Some(Seq { epoch: u64::MAX, number: 7 }));
            assert_eq!(values, [bytes(&"A".into()), bytes(&Value::Map(vec![])), Vec::new()]);
        }
    }

    #[test]
    fn whatever_a_message_is_a_glance_at_it_ends() {
        let good =
            frame(vec![("args", Value::map([("a", Value::Int(1))])), ("seq", Value::List(vec![1.into(), 2.into()]))]);
        let names = ["a".to_owned()];
        for length in 0..good.len() {
            assert!(glance(&good[..length], &names, &mut [&[][..]]).is_err(), "{length}");
        }
        assert_eq!(glance(b"\x01", &names, &mut [&[][..]]).unwrap_err().code(), Code::NotAMap);
        for odd in [Value::map([("args", Value::Int(1))]), Value::map([("seq", Value::Int(-1))])] {
            assert_eq!(glance(&bytes(&odd), &names, &mut [&[][..]]).unwrap(), None);
        }
    }
}
