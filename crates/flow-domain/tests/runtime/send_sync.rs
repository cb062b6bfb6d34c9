//! What may cross threads.

use flow_domain::{
    App, Domain, Error, UnitOfWork, View, WiringErrors,
    doc_fixture::{OrderDashboard, PlaceOrder},
    record::{Record, Recorder},
};

fn send<T: Send>(_: T) {}

fn moves<T: Send>() {}

fn send_sync<T: Send + Sync + 'static>() {}

#[test]
fn what_is_held_for_long_crosses_threads() {
    send_sync::<App>();
    send_sync::<Domain>();
    send_sync::<Error>();
    send_sync::<WiringErrors>();
    send_sync::<Record>();
    send_sync::<Recorder>();
    send_sync::<View<OrderDashboard>>();
}

#[test]
fn a_unit_of_work_moves_between_threads() {
    moves::<UnitOfWork>();
}

#[test]
fn a_command_can_be_processed_on_any_thread() {
    let app = flow_domain::doc_fixture::app().unwrap();
    let (order_id, total_cents) = ("ord-1".to_owned(), 9_995);

    send(app.process(PlaceOrder {
        order_id,
        total_cents,
    }));
    send(app.view::<OrderDashboard>().query().all());
}
