//! What every transport has to do, whatever carries its bytes: one set of scenarios, run over each
//! of them. A new transport is one line in [`conformance!`] below.
//!
//! The scenarios talk through the transport's own sockets, and where a peer misbehaves through a
//! hand-made one ([`raw`]). They wait for what they expect, never for a guessed time. What a
//! transport lacks stands in its line with the reason, and is shown to be lacking ([`lack`]).

mod bench;
mod exchange;
mod hostile;
mod lack;
mod lifecycle;
mod peers;
mod queues;
mod raw;

use service_framework_runtime::transport::{Omq, Zeromq};

macro_rules! scenarios {
    ($transport:expr; $($file:ident :: $scenario:ident,)*) => {
        $(#[test]
        fn $scenario() {
            lack::run(module_path!(), stringify!($scenario), LACKS, || bench::run($transport, $file::$scenario));
        })*

        #[test]
        fn what_is_lacking_is_a_scenario() {
            lack::all_are_among(LACKS, &[$(stringify!($scenario)),*]);
        }
    };
}

/// Makes each scenario a test of each transport, and what the transport lacks a test that shows it.
macro_rules! conformance {
    ($($name:ident: $transport:expr, lacks { $($lack:ident: $reason:expr,)* })*) => {
        $(mod $name {
            use super::*;

            const LACKS: &[(&str, &str)] = &[$((stringify!($lack), $reason)),*];

            scenarios! { &$transport;
                exchange::a_request_and_its_reply_cross_tcp,
                exchange::a_request_and_its_reply_cross_a_socket_file,
                exchange::all_interfaces_can_be_bound,
                exchange::every_requester_gets_its_own_reply,
                exchange::frames_of_every_size_arrive_as_they_were_sent,
                exchange::eight_mebibytes_arrive_whole,
                exchange::a_sweep_takes_no_more_than_it_was_asked_for,
                exchange::nothing_is_lost_when_waits_are_given_up,
                peers::connecting_before_anybody_listens_works,
                peers::sending_to_nobody_is_refused,
                peers::a_lost_peer_is_reported_at_once,
                peers::a_restarted_listener_is_found_again,
                peers::nothing_sent_to_a_lost_peer_reaches_its_successor,
                peers::a_reply_to_a_vanished_requester_is_refused,
                peers::what_a_peer_sent_before_it_left_is_received,
                peers::a_taken_return_address_is_refused_to_a_newcomer,
                queues::a_peer_that_never_reads_fills_its_own_queue_only,
                queues::a_burst_of_replies_waits_for_a_peer_that_reads,
                queues::a_requester_whose_peer_never_reads_is_refused,
                queues::a_full_receive_queue_drops_nothing,
                queues::a_message_over_the_maximum_ends_that_connection_only,
                queues::sending_over_the_maximum_is_refused,
                queues::a_message_without_content_is_refused,
                hostile::bytes_that_are_no_zeromq_end_that_connection_only,
                hostile::a_frame_that_announces_a_tebibyte_ends_that_connection_only,
                hostile::a_message_of_endless_frames_ends_that_connection_only,
                hostile::a_peer_that_never_introduces_itself_is_disconnected,
                hostile::silent_strangers_hold_up_a_newcomer_only_until_they_are_disconnected,
                hostile::ten_thousand_connections_come_and_go,
                lifecycle::an_address_in_use_is_refused,
                lifecycle::a_socket_file_in_use_is_refused_and_left_alone,
                lifecycle::a_socket_file_of_a_dead_process_is_replaced,
                lifecycle::a_file_that_is_no_socket_is_left_alone,
                lifecycle::an_endpoint_that_cannot_be_bound_says_why,
                lifecycle::an_endpoint_that_cannot_be_connected_to_says_why,
                lifecycle::closing_frees_the_port_and_the_socket_file,
                lifecycle::a_dropped_socket_frees_its_port,
                lifecycle::queued_replies_leave_within_the_linger,
                lifecycle::a_peer_that_never_reads_does_not_hold_up_closing,
            }

            #[test]
            fn a_socket_cannot_be_opened_outside_of_a_runtime() {
                lifecycle::opening_outside_of_a_runtime_is_refused(&$transport);
            }

            #[test]
            fn a_hundred_sockets_leave_no_descriptor_behind() {
                lifecycle::a_hundred_sockets_leave_no_descriptor_behind(&$transport);
            }
        })*
    };
}

conformance! {
    omq: Omq, lacks {}
    zeromq: Zeromq, lacks {
        a_taken_return_address_is_refused_to_a_newcomer: "the crate hands it over to whoever claims it",
        a_frame_that_announces_a_tebibyte_ends_that_connection_only: "the crate allocates what a header announces",
        a_message_of_endless_frames_ends_that_connection_only: "the crate stores a message before anybody sees it",
        a_peer_that_never_introduces_itself_is_disconnected: "the crate waits for it for ever",
        silent_strangers_hold_up_a_newcomer_only_until_they_are_disconnected: "the crate waits for them for ever",
    }
}
