use std::{error::Error as _, io};

use crate::error::Error;

#[test]
fn error_display_leaves_out_the_cause() {
    let err = Error::adapter("sqlite", "append", io::Error::other("disk is full"));

    assert_eq!(err.to_string(), "append failed in the sqlite adapter");
    assert_eq!(
        err.source().expect("has a cause").to_string(),
        "disk is full"
    );
}

#[test]
fn conflict_names_writer_target_and_versions() {
    let err = Error::conflict("OrderCommandHandler", "Order `7`", "version 1", "version 2");

    assert!(err.is_conflict());
    assert_eq!(
        err.to_string(),
        "OrderCommandHandler could not write Order `7`: expected version 1, found version 2"
    );
}

#[test]
fn error_is_one_word_and_send_sync() {
    fn send_sync<T: Send + Sync + 'static>() {}
    send_sync::<Error>();

    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
