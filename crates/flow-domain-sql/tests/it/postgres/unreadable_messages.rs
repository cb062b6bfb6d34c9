use crate::{
    postgres::fixture::{connect, open_store},
    unreadable_messages::check_unreadable_messages,
};

#[tokio::test]
async fn unreadable_message_stops_no_other_in_a_schema() {
    let store = open_store().await;

    check_unreadable_messages(&*store, async |sql| {
        let sql = store.schema.sql(&sql.replace("event ", "$schema.event "));
        let mut connection = connect().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    })
    .await;
}
