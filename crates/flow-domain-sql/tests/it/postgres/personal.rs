use std::sync::Arc;

use flow_domain::port::Store;
use flow_domain_sql::{SchemaName, postgres::PostgresStore};

use crate::{
    personal::{EMAIL, PERSON, erase, is_in_files, is_part_in_files, store_personal_data},
    postgres::own_server::OwnServer,
};

#[tokio::test]
async fn personal_data_is_not_readable_in_the_files() {
    let server = OwnServer::start();
    let data = server.folder.join("data");
    let schema = SchemaName::new("paper").unwrap();
    let postgres = Arc::new(PostgresStore::open(&server.url, schema).unwrap());
    postgres.migrate().await.unwrap();
    let store: Arc<dyn Store> = Arc::clone(&postgres) as _;

    let secret = store_personal_data(&store).await;
    server.stop();
    server.restart();
    assert!(is_in_files(&data.join("base"), PERSON));
    assert!(is_part_in_files(&data.join("base"), &secret));
    assert!(!is_in_files(&data, EMAIL));

    erase(&store).await;
    postgres.vacuum().await.unwrap();
    // It writes all pages to the disk.
    server.stop();
    server.restart();

    assert!(is_in_files(&data.join("base"), PERSON));
    // The log still has the key, until the server reuses its files.
    assert!(!is_part_in_files(&data.join("base"), &secret));
    assert!(!is_in_files(&data, EMAIL));
}
