//! Types that are `Send` and `Sync`.

use flow_domain::{
    App, Domain, Error, UnitOfWork, View, WiringErrors,
    doc_fixture::{OrderDashboard, PlaceOrder},
    record::{Record, Recorder},
};

fn assert_send<T: Send>(_: T) {}

fn assert_send_type<T: Send>() {}

fn assert_send_sync<T: Send + Sync + 'static>() {}

#[test]
fn long_lived_types_are_send_and_sync() {
    assert_send_sync::<App>();
    assert_send_sync::<Domain>();
    assert_send_sync::<Error>();
    assert_send_sync::<WiringErrors>();
    assert_send_sync::<Record>();
    assert_send_sync::<Recorder>();
    assert_send_sync::<View<OrderDashboard>>();
}

#[test]
fn unit_of_work_is_send() {
    assert_send_type::<UnitOfWork>();
}

#[test]
fn process_future_is_send() {
    let app = flow_domain::doc_fixture::app().unwrap();
    let (order_id, total_cents) = ("ord-1".to_owned(), 9_995);

    assert_send(app.process(PlaceOrder {
        order_id,
        total_cents,
    }));
    assert_send(app.view::<OrderDashboard>().query().all());
}
