//! The symbol by which the host finds the service in a plugin's file.

/// Makes a crate a plugin: exports the table of its service.
///
/// The crate's type is `cdylib`; with `rlib` beside it the service can be embedded and tested, too. The crate is built
/// with unwinding panics: `panic = "abort"` is refused, since a panic would end the host.
///
/// The exported symbol has the crate's name in it, so that several services fit into one program. A crate has one
/// service.
#[macro_export]
macro_rules! export_service {
    ($service:ty) => {
        const _: () = {
            #[cfg(panic = "abort")]
            ::core::compile_error!(
                "a service is built with unwinding panics, so that a panic ends a call and not the host: \
                 remove `panic = \"abort\"` from the profile"
            );

            #[allow(unsafe_code, reason = "the host finds the table by its symbol")]
            #[unsafe(export_name = ::core::concat!("sf_plugin_v1__", ::core::env!("CARGO_CRATE_NAME")))]
            extern "C" fn service_framework_entry_point() -> *const $crate::abi::PluginTable {
                $crate::service_table::<$service>()
            }
        };
    };
}
