//! What Redis runs for us, each as one step that nothing comes between.
//!
//! The scripts that write begin alike: they compare the epoch that the caller knows with the key's and answer
//! nothing if it is another one; a caller that has just read the store's (`fresh`) is believed.

use redis::{Connection, ErrorKind, RedisResult, Script, ServerErrorKind, cmd};

use super::names::Names;
use crate::cursor::Epoch;
use crate::event::{Draft, MAX_JSON, MAX_NAME_BYTES};
use crate::id::{EventId, NEARLY};
use crate::retention::Retention;
use crate::store::Start;

const DAY_MS: u64 = 86_400_000;
/// Idle time after which a key's events go, and then, after as long again, what is known of it.
pub const FORGET_AFTER_MS: u64 = 30 * DAY_MS;

/// Events from which on Redis may drop them by the node (a hundred events, or 4 KiB), which costs it
/// less: a node is then less than the quarter that may be kept beyond the limit.
const MANY: u64 = 400;

/// A new key's ids begin above the clock, so that a cursor into an earlier one of the key is known to
/// be too old; the millisecond on top is for events that were stored in this one. A log without its
/// meta is of no use: nobody knows what is missing in it.
const BEGIN: &str = "
    local log, meta, epoch = KEYS[1], KEYS[2], ARGV[1]
    local known = redis.call('HMGET', meta, 'epoch', 'last', 'due', 'age')
    local last, due = known[2], known[3] or ''
    local is_known = last and known[1] == epoch
    if not is_known and ARGV[2] ~= '1' then return false end
    $CONDITION
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local function whole(number) return string.format('%.0f', number) end
    $ANNOUNCE
    if not is_known then
        if last then
            redis.call('HSET', meta, 'epoch', epoch)
        else
            if redis.call('XLEN', log) > 0 then redis.call('DEL', log) end
            last = whole(now + 1) .. '-0'
            redis.call('HSET', meta, 'epoch', epoch, 'last', last)
            redis.call('PEXPIRE', meta, 2 * $FORGET)
        end
    end
";

/// What `call` drops of a log because it is too old; the newest event stays. By the ids first, which lie behind
/// no event's time. Where they were ahead of the clock an event says its time itself; one of the future is of
/// a clock that was ahead, and as old as what follows.
const DROP_OLD: &str = "
    local function drop_old(call, age)
        local newest = call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
        if not newest then return end
        local oldest, newest_millis = now - age, tonumber(string.match(newest[1], '^%d+'))
        call('XTRIM', log, 'MINID', whole(math.max(math.min(oldest, newest_millis), 0)))
        local old, at, size, page, is_young = nil, '-', 1, nil, false
        repeat
            page = call('XRANGE', log, at, '+', 'COUNT', size)
            for _, entry in ipairs(page) do
                local stored = tonumber(string.match(entry[1], '^%d+'))
                if entry[2][3] == 't' then stored = tonumber(entry[2][4]) or stored end
                if stored < oldest then old = entry[1] end
                is_young = stored >= oldest and stored <= now + $NEARLY
                if is_young then break end
                at = '(' .. entry[1]
            end
            local is_end = #page < size
            size = 100
        until is_young or is_end
        if old and old ~= newest[1] then
            local millis, sequence = string.match(old, '^(%d+)-(%d+)$')
            call('XTRIM', log, 'MINID', millis .. '-' .. whole(sequence + 1))
        elseif old then
            call('XTRIM', log, 'MINID', old)
        end
    end
    local function next_due(age) return whole(now + math.min(age / 4, $DAY)) end
";

/// Whether that is to be done again. A time too far ahead is of a clock that was wrong.
const IS_DUE: &str = "not due or now > due or due > now + $DAY";

/// Announced before anything is written, because a script that fails keeps what it has done: a user who
/// may not publish stores nothing. Who is woken reads once the script has ended.
const ANNOUNCE: &str = "redis.call('PUBLISH', ARGV[7], '')";

/// Before anything is announced or noted: a condition that doesn't hold changes nothing.
const CONDITION: &str = "
    local after = table.remove(ARGV, 8)
    local holds = last == after
    if after == '0-0' then holds = not last or redis.call('XLEN', log) == 0 end
    if not holds then return '' end
";

/// Redis's own next id is ours too: by its clock, or one more than the last where the clock stepped
/// back: then the event says its time. Only of a log that isn't there it doesn't know the last id, and we do.
///
/// Redis drops by count. Age is looked at, and expiry set anew, when it is due. Bytes are counted for
/// large events only, as many small ones as may be kept don't come to a quarter of the limit; when the
/// large ones since the last count do, all are counted, from the newest to what still fits.
const APPEND: &str = "
    local millis, sequence = string.match(last, '^(%d+)-(%d+)$')
    if tonumber(millis) > now + $NEARLY then
        table.insert(ARGV, 8, whole(now))
        table.insert(ARGV, 8, 't')
    end
    local id = redis.call('XADD', log, 'NOMKSTREAM', 'MAXLEN', ARGV[3], ARGV[4], '*', 'p', last, unpack(ARGV, 8))
    if not id then
        if now > tonumber(millis) then millis, sequence = now, 0 else sequence = sequence + 1 end
        id, due = whole(millis) .. '-' .. whole(sequence), ''
        redis.call('XADD', log, id, 'p', last, unpack(ARGV, 8))
    end
    due = tonumber(due)
    if $IS_DUE then
        $DROP_OLD
        local age = tonumber(ARGV[6])
        drop_old(redis.call, age)
        redis.call('PEXPIRE', log, $FORGET)
        redis.call('PEXPIRE', meta, 2 * $FORGET)
        redis.call('HSET', meta, 'due', next_due(age), 'age', ARGV[6])
    end
    local size, most = #ARGV[#ARGV] + 64, tonumber(ARGV[5])
    if size * 4 * ARGV[4] > most and redis.call('HINCRBY', meta, 'large', size) * 4 > most then
        local first, at, bytes, is_full, page = nil, '+', 0, false, nil
        repeat
            page = redis.call('XREVRANGE', log, at, '-', 'COUNT', 32)
            for _, entry in ipairs(page) do
                bytes = bytes + #entry[2][#entry[2]] + 64
                is_full = first and bytes > most
                if is_full then break end
                first = entry[1]
            end
            at = '(' .. first
        until is_full or #page < 32
        if is_full then redis.call('XTRIM', log, 'MINID', first) end
        redis.call('HSET', meta, 'large', 0)
    end
    redis.call('HSET', meta, 'last', id)
    return id
";

/// Nobody sweeps here. So a key that nobody pushes to is tended by who opens it, with the age that the
/// last push went by; the newest event stays. Where nothing can be written, a replica for example, it
/// is left as it is.
///
/// Goes on by the page to the first event that is wanted: others may have added entries of their own.
const OPEN: &str = "
    local age = tonumber(known[4])
    due = tonumber(due)
    if is_known and age and ($IS_DUE) then
        $DROP_OLD
        drop_old(redis.pcall, age)
        redis.pcall('HSET', meta, 'due', next_due(age))
    end
    local is_newest, at = ARGV[3] == 'newest', ARGV[4]
    local wanted, found, first, page = 1, 0, false, nil
    if is_newest then wanted, at = tonumber(ARGV[4]), '+' end
    local size = math.min(wanted, 100)
    repeat
        if is_newest then
            page = redis.call('XREVRANGE', log, at, '-', 'COUNT', size)
        else
            page = redis.call('XRANGE', log, at, '+', 'COUNT', size)
        end
        for _, entry in ipairs(page) do
            at = '(' .. entry[1]
            if entry[2][1] == 'p' and string.match(entry[2][2], '^%d+%-%d+$') then
                found, first = found + 1, entry[2][2]
                if found == wanted then break end
            end
        end
        local is_end = #page < size
        size = 100
    until is_end or found == wanted
    return {last, first}
";

/// One state of a key behind a place: its epoch and last id, the entries up to so many bytes or so many of
/// them, and whether there are no more. Taken one by one: their size isn't known before, and what is here
/// is also in Redis's memory a second time. Of one that is larger than any of ours only what it follows comes.
const READ: &str = "
    local log, at, most, count, largest = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
    local known = redis.call('HMGET', KEYS[2], 'epoch', 'last')
    local entries, bytes, entry = {}, 0, nil
    while bytes < most and #entries < count do
        entry = redis.call('XRANGE', log, at, '+', 'COUNT', 1)[1]
        if not entry then break end
        at = '(' .. entry[1]
        local size = 0
        for _, value in ipairs(entry[2]) do size = size + #value end
        if size > largest then entry[2] = {entry[2][1], entry[2][2]} else bytes = bytes + size end
        table.insert(entries, entry)
    end
    return {known[1], known[2], entries, entry and 0 or 1}
";

/// Bytes of an entry of ours, at most: those of its JSON, and of all other fields.
const LARGEST: usize = MAX_JSON + MAX_NAME_BYTES + 1_024;

/// An entry of a log: its id, then names and values.
pub type Entry = (String, Vec<Vec<u8>>);
/// What Redis has of a key behind a place: epoch, last id, entries, and whether there are no more.
pub type Piece = (Option<String>, Option<String>, Vec<Entry>, bool);

/// The scripts, with their hashes.
#[derive(Debug)]
pub struct Scripts {
    append: (String, String),
    append_after: (String, String),
    open: (String, String),
    read: (String, String),
}

impl Scripts {
    pub fn new() -> Self {
        let script = |text: &str, announce: &str, condition: &str| {
            let text = text
                .replace("$CONDITION", condition)
                .replace("$DROP_OLD", DROP_OLD)
                .replace("$IS_DUE", IS_DUE)
                .replace("$ANNOUNCE", announce)
                .replace("$FORGET", &FORGET_AFTER_MS.to_string())
                .replace("$DAY", &DAY_MS.to_string())
                .replace("$NEARLY", &NEARLY.to_string());
            (Script::new(&text).get_hash().to_owned(), text)
        };
        Self {
            append: script(&format!("{BEGIN}{APPEND}"), ANNOUNCE, ""),
            append_after: script(&format!("{BEGIN}{APPEND}"), ANNOUNCE, CONDITION),
            open: script(&format!("{BEGIN}{OPEN}"), "", ""),
            read: script(READ, "", ""),
        }
    }

    /// Stores an event and answers its id; nothing if the epoch is another one, and an empty text if something
    /// else than `after` was stored last.
    #[expect(clippy::too_many_arguments, reason = "what the script is given")]
    pub fn append(
        &self,
        connection: &mut Connection,
        names: &Names,
        epoch: Epoch,
        is_fresh: bool,
        retention: &Retention,
        draft: &Draft,
        after: Option<EventId>,
    ) -> RedisResult<Option<String>> {
        let cut = draft.cut.as_ref().map(|cut| format!("{}+{}", cut.start, cut.len()));
        let age = u64::try_from(retention.age.as_millis()).unwrap_or(u64::MAX);
        let exactness = if retention.events >= MANY { "~" } else { "=" };
        let script = if after.is_some() { &self.append_after } else { &self.append };
        self.run(script, connection, |command| {
            command.arg(&names.log).arg(&names.meta).arg(format!("{:08x}", epoch.0)).arg(u8::from(is_fresh));
            command.arg(exactness).arg(retention.events).arg(retention.bytes).arg(age).arg(&names.channel);
            if let Some(after) = after {
                command.arg(after.to_string());
            }
            if let Some(name) = &draft.name {
                command.arg("n").arg(name.as_str());
            }
            if let Some(cut) = &cut {
                command.arg("c").arg(cut);
            }
            if draft.external {
                command.arg("x").arg("1");
            }
            command.arg("d").arg(&draft.json);
        })
    }

    /// The last id, and the id before the first event behind `start`; nothing if the epoch is another
    /// one.
    pub fn open(
        &self,
        connection: &mut Connection,
        names: &Names,
        epoch: Epoch,
        is_fresh: bool,
        start: Start,
    ) -> RedisResult<Option<(String, Option<String>)>> {
        let (kind, from) = match start {
            Start::Newest(count) => ("newest", count.min(1 << 32).to_string()),
            Start::Oldest => ("after", "-".to_owned()),
            Start::After(id) => ("after", behind(id)),
        };
        self.run(&self.open, connection, |command| {
            command.arg(&names.log).arg(&names.meta).arg(format!("{:08x}", epoch.0)).arg(u8::from(is_fresh));
            command.arg(kind).arg(&from);
        })
    }

    /// What is behind `from`, up to about so many bytes and so many entries.
    pub fn read(
        &self,
        connection: &mut Connection,
        names: &Names,
        from: EventId,
        bytes: usize,
        count: usize,
    ) -> RedisResult<Piece> {
        self.run(&self.read, connection, |command| {
            command.arg(&names.log).arg(&names.meta);
            command.arg(behind(from)).arg(bytes.max(1)).arg(count).arg(LARGEST);
        })
    }

    /// By its hash; by its text to a server that doesn't know it (yet, or any more).
    fn run<T: redis::FromRedisValue>(
        &self,
        (hash, text): &(String, String),
        connection: &mut Connection,
        arguments: impl Fn(&mut redis::Cmd),
    ) -> RedisResult<T> {
        let send = |connection: &mut Connection, name: &str, script: &str| {
            let mut command = cmd(name);
            command.arg(script).arg(2);
            arguments(&mut command);
            command.query(connection)
        };
        match send(connection, "EVALSHA", hash) {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                send(connection, "EVAL", text)
            }
            answer => answer,
        }
    }
}

/// The first place behind an id, as Redis takes it; exclusive ranges are newer than some servers.
pub fn behind(id: EventId) -> String {
    match id.sequence.checked_add(1) {
        Some(sequence) => EventId::new(id.millis, sequence).to_string(),
        None => EventId::new(id.millis + 1, 0).to_string(),
    }
}
