use std::fs;

use flow_domain::Event;
use flow_harness::{FlowHarness, schema::SchemaCheck};
use serde::{Deserialize, Serialize};

use crate::schema::{domain_of, empty_folder, problems, store};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "meter", id = meter_id)]
struct Measured {
    meter_id: String,
    values: Vec<f64>,
}

fn measured(values: &[f64]) -> Measured {
    Measured {
        meter_id: "m-1".into(),
        values: values.to_vec(),
    }
}

#[test]
fn event_without_a_sample_is_reported() {
    let folder = empty_folder("no-sample");

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - events/meter.Measured.v1 has no sample in folder/events/meter.Measured.v1.json
    - events/meter.Measured.v1 is new

    Pass a sample with `.sample(..)`, or the outcome of a flow with `.samples_from(&outcome)`.
    If a file was deleted, restore it from version control.

    If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`.
    ");
}

#[test]
fn update_writes_the_lock_file_and_the_samples() {
    let folder = empty_folder("update");
    store(&folder, measured(&[5e-324, 1.0]));

    let lock = fs::read_to_string(folder.join("schema.lock.json")).unwrap();
    insta::assert_snapshot!(lock, @r#"
    {
      "format": 1,
      "messages": {
        "events/meter.Measured.v1": {
          "kind": "event",
          "category": "meter",
          "name": "Measured",
          "version": 1,
          "fields": [
            "meter_id",
            "values"
          ],
          "content": {
            "meter_id": [
              "text"
            ],
            "values": [
              "array"
            ],
            "values[]": [
              "number"
            ]
          }
        }
      }
    }
    "#);
    let samples = fs::read_to_string(folder.join("events/meter.Measured.v1.json")).unwrap();
    insta::assert_snapshot!(samples, @r#"
    [
    {"meter_id":"m-1","values":[5e-324,1.0]}
    ]
    "#);
}

#[test]
fn deleted_sample_file_is_reported() {
    let folder = empty_folder("deleted-file");
    store(&folder, measured(&[1.0]));
    fs::remove_file(folder.join("events/meter.Measured.v1.json")).unwrap();

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder).update(true);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - events/meter.Measured.v1 has no sample in folder/events/meter.Measured.v1.json

    Pass a sample with `.sample(..)`, or the outcome of a flow with `.samples_from(&outcome)`.
    If a file was deleted, restore it from version control.
    ");
}

#[test]
fn file_that_is_not_json_is_reported() {
    let folder = empty_folder("not-json");
    store(&folder, measured(&[1.0]));
    fs::write(folder.join("schema.lock.json"), "<<<<<<< HEAD").unwrap();

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - folder/schema.lock.json: expected value at line 1 column 1

    Restore the file from version control.
    ");
}

#[test]
fn sample_that_cannot_be_stored_is_reported() {
    let folder = empty_folder("invalid-sample");

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder).sample(measured(&[f64::NAN]));
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - a sample of the test: serializing `Measured` failed: `values[0]`: NaN has no JSON form, so it cannot be read back
    - events/meter.Measured.v1 has no sample in folder/events/meter.Measured.v1.json
    - events/meter.Measured.v1 is new

    Pass only messages of this domain that have a JSON form.

    Pass a sample with `.sample(..)`, or the outcome of a flow with `.samples_from(&outcome)`.
    If a file was deleted, restore it from version control.

    If the changes are intended, update the files: `UPDATE_SCHEMA=1 cargo test`.
    ");
}

#[test]
fn sample_of_another_domain_is_reported() {
    let folder = empty_folder("other-domain");
    store(&folder, measured(&[1.0]));

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder).sample(shop::StockReceived {
        product_id: "prod-1".into(),
        quantity: 5,
    });
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - a sample of the test: StockReceived is no message of the domain

    Pass only messages of this domain that have a JSON form.
    ");
}

#[test]
fn events_of_a_flow_are_samples() {
    let folder = empty_folder("flow");
    let outcome = FlowHarness::new(shop::domain)
        .when(shop::ReceiveStock {
            product_id: "prod-1".into(),
            quantity: 5,
        })
        .then_accepted()
        .run();

    let check = SchemaCheck::new(shop::domain().unwrap(), &folder).samples_from(&outcome);
    let report = problems(&folder, check);

    assert!(
        !report.contains("events/product.StockReceived.v1 has no sample"),
        "{report}"
    );
    assert!(
        report.contains("events/order.OrderPlaced.v1 has no sample"),
        "{report}"
    );
}

#[test]
#[should_panic(expected = "events/meter.Measured.v1 is new")]
fn check_panics_with_the_problems() {
    SchemaCheck::new(domain_of::<Measured>(), empty_folder("panic"))
        .sample(measured(&[1.0]))
        .check();
}

#[test]
fn deleted_sample_is_reported_in_spite_of_an_update() {
    let folder = empty_folder("deleted-sample");
    store(&folder, measured(&[1.0]));
    let file = folder.join("events/meter.Measured.v1.json");
    fs::write(file, r#"[{"meter_id":"m-1","values":[]}]"#).unwrap();

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder).update(true);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - events/meter.Measured.v1 has no sample with `values[]` any more in folder/events/meter.Measured.v1.json

    Restore the file from version control.
    ");
}

#[test]
fn samples_without_the_lock_file_are_reported() {
    let folder = empty_folder("deleted-lock");
    store(&folder, measured(&[1.0]));
    fs::remove_file(folder.join("schema.lock.json")).unwrap();

    let check = SchemaCheck::new(domain_of::<shop::StockReceived>(), &folder)
        .sample(shop::StockReceived {
            product_id: "prod-1".into(),
            quantity: 5,
        })
        .update(true);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - folder/events/meter.Measured.v1.json has samples, but neither the lock file nor the domain has the event

    Restore `schema.lock.json` from version control.
    ");
}

#[test]
fn lock_file_of_another_format_is_reported() {
    let folder = empty_folder("other-format");
    store(&folder, measured(&[1.0]));
    let lock = folder.join("schema.lock.json");
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, text.replace("\"format\": 1", "\"format\": 0")).unwrap();

    let check = SchemaCheck::new(domain_of::<Measured>(), &folder);
    insta::assert_snapshot!(problems(&folder, check), @"
    The stored messages of folder do not fit the domain:

    - folder/schema.lock.json: it has the format 0, but this version of flow-harness reads only 1

    Restore the file from version control.
    ");
}
