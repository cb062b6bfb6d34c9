//! Connections with TLS, to a server whose certificate no authority has signed.

use flow_domain::port::Store as _;
use flow_domain_sql::{SchemaName, postgres::PostgresStore};
use insta::assert_snapshot;
use sqlx::{Connection as _, PgConnection};

use crate::{
    fixture::{append, commit},
    postgres::own_server::OwnServer,
};

/// Turns TLS on, with a certificate that the server makes itself.
async fn turn_tls_on(server: &OwnServer) {
    let statements = [
        "copy (select 1) to program 'openssl req -new -x509 -days 2 -nodes -subj /CN=flow-domain-sql \
            -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
            -out server.crt -keyout server.key 2>/dev/null && chmod 600 server.key'",
        "alter system set ssl = on",
        "select pg_reload_conf()",
    ];
    let mut connection = PgConnection::connect(&server.url).await.unwrap();
    for statement in statements {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    // The server reads its configuration again after the answer.
    let mut is_on = false;
    while !is_on {
        let setting = sqlx::query_scalar("select current_setting('ssl')::boolean");
        is_on = setting.fetch_one(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn self_signed_certificate_must_be_named() {
    let server = OwnServer::start();
    turn_tls_on(&server).await;
    let certificate = server.folder.join("data/server.crt");
    let url = |options: &str| format!("{}?sslmode=verify-full{options}", server.url);
    let schema = || SchemaName::new("shop").unwrap();

    let known = url(&format!("&sslrootcert={}", certificate.display()));
    let store = PostgresStore::connect(&known, schema()).await.unwrap();
    store.migrate().await.unwrap();
    commit(&store, &append("order-1", 1)).await;
    store.close().await.unwrap();

    let err = PostgresStore::connect(&url(""), schema())
        .await
        .expect_err("an unknown authority");
    assert_snapshot!(
        err.with_causes(),
        @"connecting failed in the postgres adapter: error communicating with database: invalid peer certificate: UnknownIssuer"
    );
}
