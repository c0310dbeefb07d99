//! What the author of a service implements.

use crate::builder::Models;
use crate::error::Result;
use crate::model::OwnedModel;

/// A service: its config, how it is made, and what it declares.
///
/// ```
/// use service_framework::prelude::*;
///
/// #[derive(Model)]
/// pub struct Order {
///     symbol: String,
///     price: Decimal,
///     quantity: Decimal,
/// }
///
/// #[derive(Model)]
/// pub struct Ack {
///     symbol: String,
///     notional: Decimal,
/// }
///
/// pub struct Desk {
///     seen: u64,
/// }
///
/// impl ServiceDefinition for Desk {
///     type Config = ();
///
///     fn new(_: ()) -> Result<Self> {
///         Ok(Self { seen: 0 })
///     }
///
///     fn models(m: &mut Models<Self>) {
///         m.replyer("order", Self::on_order);
///     }
/// }
///
/// impl Desk {
///     fn on_order(&mut self, order: Order, _: &mut Context) -> Result<Ack> {
///         self.seen += 1;
///         Ok(Ack { symbol: order.symbol, notional: order.price * order.quantity })
///     }
/// }
///
/// export_service!(Desk);
/// ```
///
/// A service is made, called and dropped by one thread at a time, and not always the same: hence `Send`.
pub trait ServiceDefinition: Send + Sized + 'static {
    /// The config model: a struct with `#[derive(Model)]`, or `()` for none.
    type Config: OwnedModel;

    /// Makes the service from its validated config, before anything is connected.
    ///
    /// # Errors
    /// What the author finds wrong; the service is not started.
    fn new(config: Self::Config) -> Result<Self>;

    /// Declares the connections and the functions. It runs more than once, and says the same each time.
    fn models(m: &mut Models<Self>);

    /// The service's name: that of the crate which its type comes from, unless the service says otherwise.
    #[must_use]
    fn name() -> &'static str {
        let path = std::any::type_name::<Self>();
        path.split_once("::").map_or(path, |(name, _)| name)
    }
}
