use crate::{
    postgres::fixture::{connect, open_store},
    stepped_clocks::check_leases,
};

#[tokio::test]
async fn stepped_clock_keeps_and_ends_leases() {
    let store = open_store().await;

    check_leases(&*store, async |hours| {
        let sql = format!(
            "update $schema.member set alive_until = alive_until + interval '{hours} hours'; \
             update $schema.partition set held_until = held_until + interval '{hours} hours'"
        );
        let sql = sqlx::raw_sql(store.schema.sql(&sql));
        sql.execute(&mut connect().await).await.unwrap();
    })
    .await;
}
