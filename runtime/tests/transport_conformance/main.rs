//! What every transport has to do, whatever carries its messages: one set of scenarios, run over
//! each of them. A new transport is one line in [`conformance!`] below.
//!
//! The scenarios talk through the transport's own sockets, and where a peer misbehaves through a
//! hand-made one ([`raw`]). They wait for what they expect, never for a guessed time. What a
//! transport lacks stands in its line with the reason, and is shown to be lacking ([`lack`]).

mod bench;
mod cost;
mod exchange;
mod hostile;
mod lack;
mod lifecycle;
mod mixed;
mod peers;
mod publishing;
mod queues;
mod raw;
mod restarts;
mod strangers;
mod subscribers;

use service_framework_runtime::transport::{InProcess, Omq, Transport, Zeromq};

/// Makes each scenario of a group a test of a transport.
macro_rules! scenarios {
    ($group:ident, $transport:expr, $lacks:expr; $($file:ident :: $scenario:ident,)*) => {
        mod $group {
            use super::*;

            pub(super) const SCENARIOS: &[&str] = &[$(stringify!($scenario)),*];

            $(#[test]
            fn $scenario() {
                lack::run(module_path!(), stringify!($scenario), $lacks, || bench::run($transport, $file::$scenario));
            })*
        }
    };
}

/// What holds wherever a message goes.
macro_rules! anywhere {
    ($transport:expr, $lacks:expr) => {
        scenarios! { anywhere, $transport, $lacks;
            exchange::a_request_and_its_reply_cross,
            exchange::every_requester_gets_its_own_reply,
            exchange::requests_cross_between_threads,
            exchange::frames_of_every_size_arrive_as_they_were_sent,
            exchange::eight_mebibytes_arrive_whole,
            exchange::a_sweep_takes_no_more_than_it_was_asked_for,
            exchange::nothing_is_lost_when_waits_are_given_up,
            exchange::a_dealer_with_two_peers_asks_them_in_turn,
            peers::connecting_before_anybody_listens_works,
            peers::sending_to_nobody_is_refused,
            peers::a_lost_peer_is_reported_at_once,
            peers::a_restarted_listener_is_found_again,
            peers::nothing_unread_by_a_lost_peer_reaches_its_successor,
            peers::a_reply_to_a_vanished_requester_is_refused,
            peers::what_a_peer_sent_before_it_left_is_received,
            queues::a_burst_of_replies_waits_for_a_peer_that_reads,
            queues::a_requester_that_never_reads_fills_its_own_queue_only,
            queues::a_full_receive_queue_drops_nothing,
            queues::a_message_over_the_maximum_harms_nobody_else,
            queues::sending_over_the_maximum_is_refused,
            queues::a_message_without_content_is_refused,
            lifecycle::an_address_in_use_is_refused,
            lifecycle::an_address_that_is_none_is_refused,
            lifecycle::closing_frees_the_address,
            lifecycle::a_dropped_socket_frees_its_address,
            lifecycle::queued_replies_leave_within_the_linger,
            restarts::a_hundred_restarts_of_a_listener_are_survived,
            restarts::a_hundred_restarts_of_a_requester_are_survived,
        }

        #[test]
        fn sending_and_sweeping_need_no_running_executor() {
            lifecycle::sending_and_sweeping_need_no_running_executor($transport);
        }
    };
}

/// What holds of publishers and subscribers, wherever a message goes.
macro_rules! publishing_anywhere {
    ($transport:expr, $lacks:expr) => {
        scenarios! { publishing_anywhere, $transport, $lacks;
            publishing::what_is_published_reaches_those_who_subscribed_to_its_beginning,
            publishing::publishing_to_nobody_is_no_error,
            publishing::what_a_publisher_or_subscriber_cannot_do_is_refused,
            publishing::everybody_hears_everything_in_order,
            publishing::what_several_publishers_say_is_heard_in_the_order_of_each,
            publishing::publishers_can_connect_to_a_subscriber_that_listens,
            publishing::a_late_subscriber_hears_what_is_published_from_then_on,
            publishing::a_publisher_sees_subscriptions_come_and_go,
            publishing::what_is_subscribed_to_twice_ends_with_the_second_unsubscription,
            publishing::a_subscriber_hears_a_publisher_of_another_thread,
            publishing::what_is_queued_for_subscribers_leaves_within_the_linger,
            publishing::a_burst_without_a_pause_is_bounded_and_what_finds_no_room_is_told,
            publishing::a_burst_of_long_messages_is_bounded_in_bytes,
            subscribers::a_subscriber_can_be_there_before_its_publisher,
            subscribers::a_hundred_restarts_of_a_publisher_are_survived,
            subscribers::a_hundred_restarts_of_a_listening_subscriber_are_survived,
            subscribers::subscribers_come_and_go_in_storms,
            subscribers::a_slow_subscriber_loses_only_its_own_messages,
            subscribers::what_waits_for_a_slow_subscriber_is_bounded_in_bytes,
            subscribers::a_flood_that_the_queues_have_room_for_loses_nothing,
            subscribers::a_socket_of_another_kind_is_no_peer,
        }
    };
}

/// What holds of publishers and subscribers where bytes of anybody can arrive.
macro_rules! publishing_over_a_network {
    ($transport:expr, $lacks:expr) => {
        scenarios! { publishing_over_a_network, $transport, $lacks;
            strangers::what_is_no_subscription_ends_that_connection_or_nothing,
            strangers::a_subscription_of_a_tebibyte_ends_that_connection_only,
            strangers::a_publication_of_a_tebibyte_ends_that_connection_only,
            strangers::a_publication_over_the_maximum_ends_its_connection,
            strangers::who_subscribes_to_too_much_is_disconnected,
            strangers::subscriptions_that_nobody_looked_at_are_known_all_the_same,
            strangers::a_subscriber_that_never_reads_harms_nobody,
            strangers::a_subscriber_that_reads_nothing_for_long_is_given_up,
            strangers::a_publisher_pings_and_hangs_up_on_who_does_not_answer,
            strangers::a_subscriber_pings_hangs_up_on_who_does_not_answer_and_connects_again,
            strangers::a_peer_that_knows_no_pings_gets_none,
        }
    };
}

/// What holds where bytes of anybody can arrive.
macro_rules! over_a_network {
    ($transport:expr, $lacks:expr) => {
        scenarios! { over_a_network, $transport, $lacks;
            exchange::all_interfaces_can_be_bound,
            peers::nothing_sent_to_a_lost_peer_reaches_its_successor,
            peers::a_taken_return_address_is_refused_to_a_newcomer,
            peers::a_peer_that_pings_is_answered,
            peers::a_peer_whose_machine_has_gone_is_looked_for,
            queues::a_peer_that_never_reads_fills_its_own_queue_only,
            queues::a_requester_whose_peer_never_reads_is_refused,
            queues::a_message_over_the_maximum_ends_its_connection,
            hostile::bytes_that_are_no_zeromq_end_that_connection_only,
            hostile::a_frame_that_announces_a_tebibyte_ends_that_connection_only,
            hostile::a_message_of_endless_frames_ends_that_connection_only,
            hostile::a_peer_that_never_introduces_itself_is_disconnected,
            hostile::silent_strangers_hold_up_a_newcomer_only_until_they_are_disconnected,
            hostile::ten_thousand_connections_come_and_go,
            lifecycle::a_socket_file_in_use_is_refused_and_left_alone,
            lifecycle::a_socket_file_of_a_dead_process_is_replaced,
            lifecycle::a_file_that_is_no_socket_is_left_alone,
            lifecycle::an_endpoint_that_cannot_be_bound_says_why,
            lifecycle::an_endpoint_that_cannot_be_connected_to_says_why,
            lifecycle::a_peer_that_never_reads_does_not_hold_up_closing,
            lifecycle::closing_hangs_up_on_a_peer_that_never_reads,
        }

        #[test]
        fn a_socket_cannot_be_opened_outside_of_a_runtime() {
            lifecycle::opening_outside_of_a_runtime_is_refused($transport);
        }

        #[test]
        fn a_hundred_sockets_leave_no_descriptor_behind() {
            lifecycle::a_hundred_sockets_leave_no_descriptor_behind($transport);
        }
    };
}

/// What holds where nothing but threads is between two sockets.
macro_rules! within_the_process {
    ($transport:expr, $lacks:expr) => {
        scenarios! { within_the_process, $transport, $lacks;
            cost::a_hop_allocates_nothing,
            cost::a_hop_costs_about_as_much_as_one_through_a_channel,
            peers::what_was_sent_comes_before_the_loss_of_its_sender,
            lifecycle::closing_without_linger_takes_back_what_was_not_read,
        }
    };
}

/// Makes the scenarios tests of each transport, and what it lacks a test that shows it.
macro_rules! conformance {
    ($($name:ident: $transport:expr, { $($group:ident),+ }, lacks { $($lack:ident: $reason:expr,)* };)*) => {
        $(mod $name {
            use super::*;

            const TRANSPORT: &dyn Transport = &$transport;
            const LACKS: &[(&str, &str)] = &[$((stringify!($lack), $reason)),*];

            $($group! { TRANSPORT, LACKS })+

            #[test]
            fn what_is_lacking_is_a_scenario() {
                lack::all_are_among(LACKS, &[$($group::SCENARIOS),+].concat());
            }
        })*
    };
}

conformance! {
    omq: Omq, { anywhere, over_a_network, publishing_anywhere, publishing_over_a_network }, lacks {};
    zeromq: Zeromq, { anywhere, over_a_network, publishing_anywhere, publishing_over_a_network }, lacks {
        a_taken_return_address_is_refused_to_a_newcomer: "the crate hands it over to whoever claims it",
        a_peer_that_pings_is_answered: "the crate takes a ping for an error",
        a_frame_that_announces_a_tebibyte_ends_that_connection_only: "the crate allocates what a header announces",
        a_message_of_endless_frames_ends_that_connection_only: "the crate stores a message before anybody sees it",
        a_peer_that_never_introduces_itself_is_disconnected: "the crate waits for it for ever",
        silent_strangers_hold_up_a_newcomer_only_until_they_are_disconnected: "the crate waits for them for ever",
        closing_hangs_up_on_a_peer_that_never_reads: "the crate goes on writing for as long as the runtime lives",
        a_publisher_sees_subscriptions_come_and_go: "the crate tells nobody of subscriptions",
        what_is_subscribed_to_twice_ends_with_the_second_unsubscription: "the crate tells nobody of subscriptions",
        who_subscribes_to_too_much_is_disconnected: "the crate tells nobody of subscriptions",
        subscriptions_that_nobody_looked_at_are_known_all_the_same: "the crate tells nobody of subscriptions",
        a_burst_without_a_pause_is_bounded_and_what_finds_no_room_is_told: "the crate holds 100,000 messages, and says nothing",
        a_slow_subscriber_loses_only_its_own_messages: "the crate holds 100,000 messages for each subscriber",
        what_waits_for_a_slow_subscriber_is_bounded_in_bytes: "the crate does not say whose queue is full",
        a_subscription_of_a_tebibyte_ends_that_connection_only: "the crate allocates what a header announces",
        a_publication_of_a_tebibyte_ends_that_connection_only: "the crate allocates what a header announces",
        a_publication_over_the_maximum_ends_its_connection: "the crate does not say whose it was: it is dropped",
        a_subscriber_that_reads_nothing_for_long_is_given_up: "the crate waits for it for ever",
        a_publisher_pings_and_hangs_up_on_who_does_not_answer: "the crate knows no pings",
        a_subscriber_pings_hangs_up_on_who_does_not_answer_and_connects_again: "the crate knows no pings",
        a_peer_that_knows_no_pings_gets_none: "the crate knows no pings, and what asks for them is refused",
    };
    inproc: InProcess, { anywhere, within_the_process, publishing_anywhere }, lacks {};
}
