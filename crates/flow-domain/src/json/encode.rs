//! Writes a value as JSON, and refuses what could not be read back.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use crate::json::{
    Json,
    encode_error::{EncodeError, Failure, PathStep},
};

/// The number of arrays and objects that can be inside of each other. The reader of `serde_json`
/// refuses more.
pub const MAX_NESTING: usize = 127;

/// Writes `value` as JSON to the end of `text`.
///
/// # Errors
///
/// Returns an error for a float that is not finite, a map key that has no text, and a value that is
/// nested deeper than [`MAX_NESTING`]. After an error, `text` has a part of the JSON.
pub(crate) fn write_json<T: Serialize + ?Sized>(
    text: &mut Vec<u8>,
    value: &T,
) -> Result<(), EncodeError> {
    let failure = Failure::default();
    let mut serializer = serde_json::Serializer::new(text);

    value
        .serialize(Checked {
            inner: &mut serializer,
            nesting: 0,
            failure: &failure,
        })
        .map_err(|err| failure.into_error(&err))
}

/// A serializer that refuses what could not be read back.
struct Checked<'f, S> {
    inner: S,
    /// The number of arrays and objects that enclose the value.
    nesting: usize,
    failure: &'f Failure,
}

impl<'f, S: Serializer> Checked<'f, S> {
    /// Opens an array or an object. That of a variant is inside of an object.
    #[inline]
    fn open<C>(
        self,
        variant: Option<&'static str>,
        open: impl FnOnce(S) -> Result<C, S::Error>,
    ) -> Result<Compound<'f, C>, S::Error> {
        let nesting = self.nesting + 1 + usize::from(variant.is_some());
        if MAX_NESTING < nesting {
            return Err(self.refuse_nesting());
        }

        Ok(Compound {
            inner: open(self.inner)?,
            variant,
            n_parts: 0,
            nesting,
            failure: self.failure,
        })
    }

    #[cold]
    fn refuse_nesting(&self) -> S::Error {
        self.failure.refuse(format!(
            "nested deeper than {MAX_NESTING} levels, so it cannot be read back"
        ))
    }

    #[cold]
    fn refuse_float(&self, float: f64) -> S::Error {
        self.failure.refuse(format!(
            "{float} has no JSON form, so it cannot be read back"
        ))
    }
}

macro_rules! pass_on {
    ($($method:ident($value:ty)),*) => {
        $(#[inline]
        fn $method(self, value: $value) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        })*
    };
}

impl<'f, S: Serializer> Serializer for Checked<'f, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'f, S::SerializeSeq>;
    type SerializeTuple = Compound<'f, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'f, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'f, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'f, S::SerializeMap>;
    type SerializeStruct = Compound<'f, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'f, S::SerializeStructVariant>;

    pass_on!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str)
    );

    fn serialize_f32(self, float: f32) -> Result<S::Ok, S::Error> {
        if !float.is_finite() {
            return Err(self.refuse_float(float.into()));
        }
        self.inner.serialize_f32(float)
    }

    fn serialize_f64(self, float: f64) -> Result<S::Ok, S::Error> {
        if !float.is_finite() {
            return Err(self.refuse_float(float));
        }
        self.inner.serialize_f64(float)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        variant_idx: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner
            .serialize_unit_variant(name, variant_idx, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        variant_idx: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        // The value is inside of an object whose only field is the variant.
        if MAX_NESTING <= self.nesting {
            return Err(self.refuse_nesting());
        }

        let value = Part {
            value,
            nesting: self.nesting + 1,
            failure: self.failure,
        };
        self.inner
            .serialize_newtype_variant(name, variant_idx, variant, &value)
            .inspect_err(|_| self.failure.add_step(PathStep::Field(variant.to_owned())))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.open(None, |inner| inner.serialize_seq(len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.open(None, |inner| inner.serialize_tuple(len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.open(None, |inner| inner.serialize_tuple_struct(name, len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        variant_idx: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.open(Some(variant), |inner| {
            inner.serialize_tuple_variant(name, variant_idx, variant, len)
        })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.open(None, |inner| inner.serialize_map(len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.open(None, |inner| inner.serialize_struct(name, len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        variant_idx: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.open(Some(variant), |inner| {
            inner.serialize_struct_variant(name, variant_idx, variant, len)
        })
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// An array or an object that is being written.
struct Compound<'f, C> {
    inner: C,
    /// The name of the variant that the array or object is the content of.
    variant: Option<&'static str>,
    /// The number of elements that were written.
    n_parts: usize,
    /// The number of arrays and objects that enclose the parts, this one included.
    nesting: usize,
    failure: &'f Failure,
}

impl<'f, C> Compound<'f, C> {
    fn part<'v, T: ?Sized>(&self, value: &'v T) -> Part<'f, 'v, T> {
        Part {
            value,
            nesting: self.nesting,
            failure: self.failure,
        }
    }

    /// Adds the index of the current element to the path of an error.
    #[inline]
    fn at_index<E>(&mut self, result: Result<(), E>) -> Result<(), E> {
        let idx = self.n_parts;
        self.n_parts += 1;
        if result.is_err() {
            self.add_step(PathStep::Index(idx));
        }
        result
    }

    /// Adds the name of a field to the path of an error.
    #[inline]
    fn at_field<E>(&self, name: &str, result: Result<(), E>) -> Result<(), E> {
        if result.is_err() {
            self.add_step(PathStep::Field(name.to_owned()));
        }
        result
    }

    #[cold]
    fn add_step(&self, step: PathStep) {
        self.failure.add_step(step);
        if let Some(variant) = self.variant {
            self.failure.add_step(PathStep::Field(variant.to_owned()));
        }
    }
}

/// A part of an array or an object.
struct Part<'f, 'v, T: ?Sized> {
    value: &'v T,
    nesting: usize,
    failure: &'f Failure,
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checked {
            inner: serializer,
            nesting: self.nesting,
            failure: self.failure,
        })
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident),*) => {
        $(impl<C: $trait> $trait for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let part = self.part(value);
                let result = self.inner.$method(&part);
                self.at_index(result)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl<C: $trait> $trait for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let part = self.part(value);
                let result = self.inner.serialize_field(name, &part);
                self.at_field(name, result)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl<C: SerializeMap> SerializeMap for Compound<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let part = self.part(value);
        self.inner.serialize_value(&part)
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.inner.serialize_key(key)?;

        let part = self.part(value);
        let result = self.inner.serialize_value(&part);
        if result.is_err() {
            // The key has a text, because it has been written.
            self.failure.add_step(PathStep::Field(key_text(key)));
        }
        result
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

fn key_text<K: Serialize + ?Sized>(key: &K) -> String {
    match Json::from_serialize(key) {
        Ok(Json::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(err) => err.to_string(),
    }
}
