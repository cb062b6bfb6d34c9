use flow_domain::{Domain, WiringErrors};

use crate::{
    Account, AccountCommandHandler, Balance, BalanceProjector, Statement, StatementProjector,
    Transfer, TransferCommandHandler, TransferProcess,
};

/// Builds the domain of the bank.
///
/// # Errors
///
/// Returns all mistakes in the wiring.
pub fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("bank")
        .aggregate::<Account>()
        .aggregate::<Transfer>()
        .projection::<Balance>()
        .projection::<Statement>()
        .command_handler(AccountCommandHandler)
        .command_handler(TransferCommandHandler)
        .process_manager::<TransferProcess>()
        .projector(BalanceProjector)
        .projector(StatementProjector)
        .build()
}
