//! Thousands of clients of one event stream, in one thread, so that they take little of the machine that
//! is measured.
//!
//! ```text
//! usage: sse-bench-clients 127.0.0.1:PORT /stream.php COUNT [HEADER ...]
//! ```
//! In a header `{n}` stands for the client's number.
//!
//! Opens the streams, tells how long that took, and holds them until its standard input ends. A number
//! on a line there asks for figures once each client has got so many events more: how long each took
//! from `t` in its data (nanoseconds of `CLOCK_MONOTONIC`, PHP's `hrtime(true)`), and which are missing
//! or came twice, by `n`, which rises by one. Answers are lines of JSON.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Clients that connect at the same time: fewer than a server's queue takes.
const AT_ONCE: usize = 128;
/// Events that haven't come by then are counted as lost.
const PATIENCE: Duration = Duration::from_secs(60);
const STDIN: Token = Token(usize::MAX - 1);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> io::Result<()> {
    let [address, path, count, headers @ ..] = arguments else { return Err(io::Error::other(usage())) };
    let address = address.parse().map_err(|_| io::Error::other(usage()))?;
    let count = count.parse().map_err(|_| io::Error::other(usage()))?;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: text/event-stream\r\n{headers}\r\n");
    Clients::new(address, request, count)?.run()
}

fn usage() -> String {
    "usage: sse-bench-clients 127.0.0.1:PORT /stream.php COUNT [HEADER ...]".into()
}

fn now_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// One client.
struct Client {
    connection: TcpStream,
    has_asked: bool,
    is_connected: bool,
    /// What came of a line that isn't whole.
    line: Vec<u8>,
    /// The `n` of its last event.
    last: Option<i64>,
    /// Events since the last figures.
    got: usize,
}

struct Clients {
    poll: Poll,
    address: SocketAddr,
    request: String,
    count: usize,
    clients: Vec<Client>,
    connecting: usize,
    connected: usize,
    ended: usize,
    began: Instant,
    /// Numbers of events that were asked for and did not all come yet.
    asked: VecDeque<(usize, Instant)>,
    took: Vec<i64>,
    missing: i64,
    doubled: usize,
    input: Vec<u8>,
}

impl Clients {
    fn new(address: SocketAddr, request: String, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&0), STDIN, Interest::READABLE)?;
        rustix::io::ioctl_fionbio(rustix::stdio::stdin(), true)?;
        Ok(Self {
            poll,
            address,
            request,
            count,
            clients: Vec::with_capacity(count),
            connecting: 0,
            connected: 0,
            ended: 0,
            began: Instant::now(),
            asked: VecDeque::new(),
            took: Vec::new(),
            missing: 0,
            doubled: 0,
            input: Vec::new(),
        })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        let mut space = vec![0; 256 << 10];
        let mut has_told = false;
        loop {
            self.connect()?;
            self.poll.poll(&mut events, Some(Duration::from_millis(100)))?;
            for event in &events {
                match event.token() {
                    STDIN if !self.hear()? => return Ok(()),
                    STDIN => {}
                    Token(number) => self.serve(number, event.is_writable(), &mut space)?,
                }
            }
            if !has_told && self.connected + self.ended >= self.count {
                has_told = true;
                say(&format!(
                    "{{\"connected\": {}, \"ended\": {}, \"seconds\": {:.4}}}",
                    self.connected,
                    self.ended,
                    self.began.elapsed().as_secs_f64()
                ))?;
            }
            if let Some(&(count, until)) = self.asked.front()
                && (self.has_all(count) || Instant::now() >= until)
            {
                self.asked.pop_front();
                self.tell(count)?;
            }
        }
    }

    fn connect(&mut self) -> io::Result<()> {
        while self.clients.len() < self.count && self.connecting < AT_ONCE {
            let mut connection = TcpStream::connect(self.address)?;
            let token = Token(self.clients.len());
            self.poll.registry().register(&mut connection, token, Interest::READABLE | Interest::WRITABLE)?;
            self.clients.push(Client {
                connection,
                has_asked: false,
                is_connected: false,
                line: Vec::new(),
                last: None,
                got: 0,
            });
            self.connecting += 1;
        }
        Ok(())
    }

    /// Reads what is asked for; false at the end of it.
    fn hear(&mut self) -> io::Result<bool> {
        let mut piece = [0; 256];
        loop {
            match io::stdin().lock().read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(count) => self.input.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while let Some(at) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=at).collect();
            let count = String::from_utf8_lossy(&line).trim().parse().map_err(io::Error::other)?;
            self.asked.push_back((count, Instant::now() + PATIENCE));
        }
        Ok(true)
    }

    fn serve(&mut self, number: usize, is_writable: bool, space: &mut [u8]) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(number) else { return Ok(()) };
        if is_writable && !client.has_asked {
            client.has_asked = true;
            // A new connection takes so little at once.
            let request = self.request.replace("{n}", &number.to_string());
            let _ = client.connection.write(request.as_bytes())?;
        }
        loop {
            let Some(client) = self.clients.get_mut(number) else { return Ok(()) };
            match client.connection.read(space) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Ok(0) | Err(_) => {
                    self.poll.registry().deregister(&mut client.connection)?;
                    match std::mem::take(&mut client.is_connected) {
                        true => self.connected -= 1,
                        false => self.connecting -= 1,
                    }
                    self.ended += 1;
                    return Ok(());
                }
                Ok(count) => {
                    let at = now_ns();
                    for &byte in space.get(..count).unwrap_or_default() {
                        self.take(number, byte, at);
                    }
                }
            }
        }
    }

    fn take(&mut self, number: usize, byte: u8, at: i64) {
        let Some(client) = self.clients.get_mut(number) else { return };
        if byte != b'\n' {
            client.line.push(byte);
            return;
        }
        if client.line.starts_with(b"event: connected") && !client.is_connected {
            client.is_connected = true;
            self.connecting -= 1;
            self.connected += 1;
        }
        if client.line.starts_with(b"data:")
            && let (Some(pushed), Some(n)) = (value(&client.line, b"\"t\":"), value(&client.line, b"\"n\":"))
        {
            self.took.push(at - pushed);
            client.got += 1;
            match client.last {
                Some(last) if n <= last => self.doubled += 1,
                Some(last) => self.missing += n - last - 1,
                None => {}
            }
            client.last = Some(client.last.map_or(n, |last| last.max(n)));
        }
        client.line.clear();
    }

    fn has_all(&self, count: usize) -> bool {
        self.clients.iter().all(|client| client.got >= count || !client.is_connected)
    }

    fn tell(&mut self, count: usize) -> io::Result<()> {
        let late: usize = self.clients.iter().map(|client| count.saturating_sub(client.got)).sum();
        self.took.sort_unstable();
        let at = |share: f64| {
            let index = (self.took.len().saturating_sub(1) as f64 * share) as usize;
            self.took.get(index).copied().unwrap_or_default() as f64 / 1e3
        };
        say(&format!(
            "{{\"events\": {}, \"p50_us\": {:.1}, \"p99_us\": {:.1}, \"worst_us\": {:.1}, \"lost\": {}, \"doubled\": {}, \"ended\": {}}}",
            self.took.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            usize::try_from(self.missing).unwrap_or(0).max(late),
            self.doubled,
            self.ended
        ))?;
        self.took.clear();
        self.clients.iter_mut().for_each(|client| client.got = 0);
        Ok(())
    }
}

/// The whole number behind `name` in a line of JSON.
fn value(line: &[u8], name: &[u8]) -> Option<i64> {
    let at = line.windows(name.len()).position(|window| window == name)? + name.len();
    let digits = line.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(line.get(at..at + digits)?).ok()?.parse().ok()
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
