//! What may cross threads.

use flow_domain::{
    App, Domain, Error, UnitOfWork, View, WiringErrors,
    doc_fixture::{OrderDashboard, PlaceOrder},
    record::{Record, Recorder},
};

fn send<T: Send>(_: T) {}

fn assert_send_type<T: Send>() {}

fn send_sync<T: Send + Sync + 'static>() {}

#[test]
fn long_lived_types_are_send_and_sync() {
    send_sync::<App>();
    send_sync::<Domain>();
    send_sync::<Error>();
    send_sync::<WiringErrors>();
    send_sync::<Record>();
    send_sync::<Recorder>();
    send_sync::<View<OrderDashboard>>();
}

#[test]
fn unit_of_work_is_send() {
    assert_send_type::<UnitOfWork>();
}

#[test]
fn process_future_is_send() {
    let app = flow_domain::doc_fixture::app().unwrap();
    let (order_id, total_cents) = ("ord-1".to_owned(), 9_995);

    send(app.process(PlaceOrder {
        order_id,
        total_cents,
    }));
    send(app.view::<OrderDashboard>().query().all());
}
