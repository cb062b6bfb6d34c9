use std::any::type_name;

/// Returns the name of a type without its path: `OrderDashboard`. Type arguments keep their paths.
#[doc(hidden)]
pub fn short_type_name<T: ?Sized>() -> &'static str {
    let name = type_name::<T>();
    let generics_start = name.find('<').unwrap_or(name.len());

    match name.as_bytes()[..generics_start]
        .iter()
        .rposition(|byte| *byte == b':')
    {
        Some(colon) => &name[colon + 1..],
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_type_name_omits_the_path() {
        assert_eq!(short_type_name::<String>(), "String");
        assert_eq!(short_type_name::<u8>(), "u8");
        assert_eq!(
            short_type_name::<Vec<String>>(),
            "Vec<alloc::string::String>"
        );
    }
}
