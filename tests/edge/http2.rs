//! HTTP/2: streams that are not read, and frames that ask for nothing.

use mayfly_tests::TestHost;
use serde_json::json;

use super::client::Client;
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, Http2,
    INITIAL_WINDOW_SIZE, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, head, header, request, status,
};
use super::{QUERY, closed, host, in_state, serves};

/// How many streams were reset for this reason.
async fn reset(host: &TestHost, reason: &str) -> f64 {
    host.metric(&format!(
        "mayfly_streams_reset_total{{reason=\"{reason}\"}}"
    ))
    .await
}

#[tokio::test]
async fn queries_are_answered_over_http2() {
    let host = host("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    for stream in [1, 3, 5] {
        client.post(stream, QUERY).await;
        let answer = client.until(HEADERS, stream).await.expect("a head");
        assert_eq!(status(&answer), 200);
        let body = client.until(DATA, stream).await.expect("a body");
        let json: serde_json::Value = serde_json::from_slice(&body.payload).expect("JSON");
        assert_eq!(json, json!({ "data": { "__typename": "Query" } }));
    }
}

#[tokio::test]
async fn an_answer_without_window_is_cut_off_alone_and_the_connection_goes_on() {
    let host = host("write_timeout = \"3 s\"").await;
    let mut client = Http2::connect(host.graphql, 0).await;
    client.post(1, QUERY).await;
    let end = client
        .until(RST_STREAM, 1)
        .await
        .expect("an end of the stream");
    assert_ne!(end.code(), 0);
    host.until(async || reset(&host, "write_timeout").await >= 1.0)
        .await;
    client.post(3, QUERY).await;
    client
        .send(Frame::new(WINDOW_UPDATE, 0, 3, 65_535_u32.to_be_bytes()))
        .await;
    client
        .until(DATA, 3)
        .await
        .expect("an answer on the same connection");
}

#[tokio::test]
async fn an_answer_whose_window_is_one_byte_is_cut_off_too() {
    let host = host("write_timeout = \"300 ms\"").await;
    let mut client = Http2::connect(host.graphql, 1).await;
    client.post(1, QUERY).await;
    let first = client.until(DATA, 1).await.expect("a byte");
    assert_eq!(first.payload.len(), 1);
    let frames = client.rest().await;
    assert!(frames.iter().all(|frame| frame.kind != DATA), "{frames:?}");
    host.until(async || {
        closed(&host, "write_timeout").await + reset(&host, "write_timeout").await >= 1.0
    })
    .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_client_is_told_before_its_connection_is_closed_over_one_answer() {
    let host = host("write_timeout = \"300 ms\"").await;
    let mut client = Http2::connect(host.graphql, 1).await;
    client.post(1, QUERY).await;
    client.until(DATA, 1).await.expect("a byte");
    client.until(GOAWAY, 0).await.expect("it is told");
    // What came before that is answered.
    client.post(3, QUERY).await;
    client
        .send(Frame::new(WINDOW_UPDATE, 0, 3, 65_535_u32.to_be_bytes()))
        .await;
    client.until(DATA, 3).await.expect("an answer");
    client.rest().await;
    host.until(async || closed(&host, "write_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408_on_its_stream() {
    let host = host("body_timeout = \"3 s\"").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    client.send(request(1, "POST", "/graphql", 0)).await;
    client.send(Frame::new(DATA, 0, 1, "{")).await;
    let answer = client.until(HEADERS, 1).await.expect("an answer");
    assert_eq!(status(&answer), 408);
    client.post(3, QUERY).await;
    let answer = client.until(HEADERS, 3).await.expect("an answer");
    assert_eq!(status(&answer), 200);
    host.until(async || reset(&host, "body_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_connection_without_streams_is_closed_after_the_idle_timeout_whatever_it_pings() {
    let host = host("idle_timeout = \"3 s\"").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    client.post(1, QUERY).await;
    client.until(DATA, 1).await.expect("an answer");
    let ping = Frame::new(PING, 0, 0, [0; 8]).bytes();
    while client.client.try_send(&ping).await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    host.until(async || closed(&host, "idle_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn more_streams_than_there_may_be_are_refused() {
    let host = host("max_streams = 2").await;
    let mut client = Http2::connect(host.graphql, 0).await;
    let settings = client.until(SETTINGS, 0).await.expect("settings");
    assert!(
        settings
            .payload
            .windows(6)
            .any(|setting| setting == [0, 3, 0, 0, 0, 2]),
        "{settings:?}"
    );
    // Their answers are not read, so they stay.
    for stream in [1, 3] {
        client.post(stream, QUERY).await;
        client.until(HEADERS, stream).await.expect("an answer");
    }
    client.send(request(5, "POST", "/graphql", 0)).await;
    let refused = client.until(RST_STREAM, 5).await.expect("a refusal");
    assert_eq!(refused.code(), 7, "REFUSED_STREAM");
}

#[tokio::test]
async fn frames_that_ask_for_nothing_end_their_connection_and_no_other() {
    let host = host("").await;
    let floods = [
        Frame::new(PING, 0, 0, [0; 8]),
        Frame::setting(3, 100),
        Frame::new(WINDOW_UPDATE, 0, 0, 1_u32.to_be_bytes()),
        Frame::new(0xaa, 0, 0, []),
    ];
    for (number, frame) in floods.into_iter().enumerate() {
        let mut client = Http2::connect(host.graphql, 65_535).await;
        client.flood(std::iter::repeat_n(frame, 100_000)).await;
        client.rest().await;
        host.until(async || {
            closed(&host, "flood").await + closed(&host, "broken").await > number as f64
        })
        .await;
        serves(&host).await;
    }
}

#[tokio::test]
async fn settings_that_every_stream_has_to_follow_are_not_taken_for_ever() {
    let host = host("body_timeout = \"10 min\"").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    for stream in 0..64 {
        client
            .send(request(2 * stream + 1, "POST", "/graphql", 0))
            .await;
    }
    host.until(async || in_state(&host, "body").await == 1.0)
        .await;
    // Fewer bytes than other frames may have.
    let frames = (0..2_000).map(|number| Frame::setting(INITIAL_WINDOW_SIZE, number % 2));
    client.flood(frames).await;
    client.rest().await;
    host.until(async || closed(&host, "flood").await >= 1.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn streams_that_are_reset_as_soon_as_they_begin_end_their_connection() {
    let host = host("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    let frames = (0..20_000_u32).flat_map(|number| {
        let stream = 2 * number + 1;
        [
            request(stream, "POST", "/graphql", 0),
            Frame::new(RST_STREAM, 0, stream, 8_u32.to_be_bytes()),
        ]
    });
    client.flood(frames).await;
    client.rest().await;
    host.until(async || closed(&host, "resets").await + closed(&host, "broken").await >= 1.0)
        .await;
    host.until(async || in_state(&host, "operation").await == 0.0)
        .await;
    serves(&host).await;
}

#[tokio::test]
async fn a_head_continued_without_end_ends_its_connection() {
    let host = host("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    let start = Frame::new(HEADERS, END_STREAM, 1, head("GET", "/graphql", "test"));
    let more = Frame::new(CONTINUATION, 0, 1, header("x", "y").repeat(1_000));
    client
        .flood(std::iter::once(start).chain(std::iter::repeat_n(more, 2_000)))
        .await;
    client.rest().await;
    host.until(async || {
        closed(&host, "flood").await + closed(&host, "broken").await + closed(&host, "done").await
            >= 1.0
    })
    .await;
    serves(&host).await;
}

/// A host that waits for heads only.
async fn hasty(more: &str) -> TestHost {
    host(&format!(
        "head_timeout = \"300 ms\"\nidle_timeout = \"600 s\"\n{more}"
    ))
    .await
}

/// The first frame of a head that goes on.
fn begun(stream: u32) -> Frame {
    let head = head("GET", "/graphql?query=%7B__typename%7D", "test");
    Frame::new(HEADERS, END_STREAM, stream, head)
}

#[tokio::test]
async fn a_preface_and_nothing_after_is_not_waited_for() {
    let host = hasty("").await;
    let mut client = Client::saying(host.graphql, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    client.rest_bytes().await;
    host.until(async || closed(&host, "head_timeout").await == 1.0)
        .await;
}

#[tokio::test]
async fn a_client_that_has_sent_its_settings_may_wait_with_its_first_request() {
    let host = hasty("").await;
    let mut waiting = Http2::connect(host.graphql, 65_535).await;
    let mut half = Http2::connect(host.graphql, 65_535).await;
    half.send(begun(1)).await;
    half.rest().await;
    waiting.post(1, QUERY).await;
    waiting.until(DATA, 1).await.expect("an answer");
    host.until(async || closed(&host, "head_timeout").await == 1.0)
        .await;
}

#[tokio::test]
async fn half_a_head_is_waited_for_as_long_as_one_in_http1() {
    let host = hasty("").await;
    let whole = request(1, "GET", "/graphql", END_STREAM).bytes();
    let ping = Frame::new(PING, 0, 0, [0; 8]).bytes();
    let halves = [
        begun(1).bytes(),
        whole[..4].to_vec(),
        whole[..9].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        ping[..12].to_vec(),
    ];
    for (number, half) in halves.iter().enumerate() {
        let mut client = Http2::connect(host.graphql, 65_535).await;
        client.client.send(half).await;
        client.rest().await;
        host.until(async || closed(&host, "head_timeout").await == number as f64 + 1.0)
            .await;
    }
    serves(&host).await;
}

#[tokio::test]
async fn a_head_whose_continuation_trickles_is_not_waited_for_longer() {
    let host = hasty("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    client.send(begun(1)).await;
    let piece = Frame::new(CONTINUATION, 0, 1, header("x-a", "b")).bytes();
    let mut bytes = piece.iter().cycle();
    while client
        .client
        .try_send([*bytes.next().expect("a byte")])
        .await
        .is_ok()
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn half_a_head_ends_a_connection_with_other_streams_too() {
    let host = hasty("write_timeout = \"600 s\"").await;
    let mut client = Http2::connect(host.graphql, 0).await;
    client.post(1, QUERY).await;
    client.until(HEADERS, 1).await.expect("an answer begins");
    client.send(begun(3)).await;
    client.rest().await;
    host.until(async || closed(&host, "head_timeout").await >= 1.0)
        .await;
}

#[tokio::test]
async fn a_head_in_several_frames_is_answered_and_the_connection_goes_on() {
    let host = hasty("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    for stream in [1, 3] {
        client.send(begun(stream)).await;
        client
            .send(Frame::new(CONTINUATION, 0, stream, header("x-a", "b")))
            .await;
        client
            .send(Frame::new(CONTINUATION, END_HEADERS, stream, []))
            .await;
        let answer = client.until(HEADERS, stream).await.expect("an answer");
        assert_eq!(status(&answer), 200);
        client.until(DATA, stream).await.expect("a body");
        // Longer than a head may take.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(closed(&host, "head_timeout").await, 0.0);
}

#[tokio::test]
async fn a_list_of_headers_that_is_too_large_is_refused() {
    let host = host("").await;
    let mut client = Http2::connect(host.graphql, 65_535).await;
    let large = header("x-large", &"x".repeat(8_000));
    let start = Frame::new(HEADERS, END_STREAM, 1, head("GET", "/graphql", "test"));
    client.send(start).await;
    for _ in 0..7 {
        client
            .send(Frame::new(CONTINUATION, 0, 1, large.clone()))
            .await;
    }
    client
        .send(Frame::new(CONTINUATION, END_HEADERS, 1, large))
        .await;
    let answered = loop {
        match client.next().await {
            Some(frame) if frame.kind == HEADERS => break Some(status(&frame)),
            Some(frame) if matches!(frame.kind, RST_STREAM | GOAWAY) => break None,
            Some(_) => {}
            None => break None,
        }
    };
    assert!(matches!(answered, None | Some(431)), "{answered:?}");
    serves(&host).await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_or_for_no_stream_ends_its_connection() {
    let host = host("").await;
    for frame in [
        Frame::new(DATA, 0, 1, vec![0; 40_000]),
        Frame::new(DATA, 0, 0, [0]),
        Frame::new(HEADERS, END_HEADERS, 2, head("GET", "/graphql", "test")),
        Frame::new(CONTINUATION, END_HEADERS, 1, []),
        Frame::new(PING, 0, 0, [0; 7]),
        Frame::new(WINDOW_UPDATE, 0, 0, 0_u32.to_be_bytes()),
        Frame::new(SETTINGS, 0, 1, []),
    ] {
        let mut client = Http2::connect(host.graphql, 65_535).await;
        client.send(frame.clone()).await;
        let frames = client.rest().await;
        assert!(
            frames.iter().any(|answer| answer.kind == GOAWAY),
            "{frame:?}: {frames:?}"
        );
    }
    serves(&host).await;
}

#[tokio::test]
async fn a_connection_is_told_that_the_host_ends_and_its_streams_are_finished() {
    let host = host("drain_delay = \"0 s\"").await;
    let mut client = Http2::connect(host.graphql, 0).await;
    client.post(1, QUERY).await;
    client.until(HEADERS, 1).await.expect("an answer begins");
    host.terminate();
    client.until(GOAWAY, 0).await.expect("it is told");
    client
        .send(Frame::new(WINDOW_UPDATE, 0, 1, 65_535_u32.to_be_bytes()))
        .await;
    client.until(DATA, 1).await.expect("the answer goes on");
    drop(client);
    assert_eq!(host.ended().await.code(), Some(0));
}
