-- Times are milliseconds since 1970 (UTC), durations milliseconds, unless a name says otherwise.

CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The server's name of the call. Names may repeat after a restart.
    call_id TEXT NOT NULL,
    -- Whether its beginning is known: 0 if the event was dropped.
    begun INTEGER NOT NULL DEFAULT 0,
    gateway TEXT NOT NULL DEFAULT '',
    rate INTEGER,
    client_id TEXT,
    caller TEXT,
    -- A code of the whole number, by which the calls of a caller are found.
    caller_code TEXT,
    called TEXT,
    -- An object of texts.
    data TEXT NOT NULL DEFAULT '{}',
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    duration_ms REAL,
    end_code TEXT,
    end_reason TEXT,
    turns INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0,
    hiccups INTEGER NOT NULL DEFAULT 0,
    drafts_started INTEGER NOT NULL DEFAULT 0,
    drafts_used INTEGER NOT NULL DEFAULT 0,
    drafts_thrown_away INTEGER NOT NULL DEFAULT 0,
    drafts_tokens_wasted INTEGER NOT NULL DEFAULT 0,
    drafts_audio_wasted_ms REAL NOT NULL DEFAULT 0,
    stand_ins INTEGER NOT NULL DEFAULT 0,
    fallbacks INTEGER NOT NULL DEFAULT 0,
    fillers INTEGER NOT NULL DEFAULT 0,
    tokens_prompt INTEGER NOT NULL DEFAULT 0,
    tokens_reused INTEGER NOT NULL DEFAULT 0,
    tokens_generated INTEGER NOT NULL DEFAULT 0,
    caller_audio_s REAL NOT NULL DEFAULT 0,
    agent_audio_s REAL NOT NULL DEFAULT 0,
    cpu_s REAL NOT NULL DEFAULT 0,
    v2v_p50_ms REAL,
    v2v_p95_ms REAL,
    -- Spreads by the name of the figure.
    latency TEXT NOT NULL DEFAULT '{}',
    -- The quality of the caller's audio.
    line TEXT NOT NULL DEFAULT '{}',
    recording TEXT,
    trace TEXT
) STRICT;

CREATE INDEX calls_by_start ON calls (started_at);
CREATE INDEX calls_by_caller ON calls (caller, started_at) WHERE caller IS NOT NULL;
CREATE INDEX calls_by_code ON calls (caller_code) WHERE caller_code IS NOT NULL;
CREATE INDEX calls_by_name ON calls (call_id);
-- A name has one running call.
CREATE UNIQUE INDEX calls_running ON calls (call_id) WHERE ended_at IS NULL;

-- Secret keys of this database.
CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;

CREATE TABLE turns (
    call INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    -- When the turn was reported.
    at INTEGER NOT NULL,
    heard TEXT,
    reply TEXT,
    heard_estimated INTEGER NOT NULL,
    speech_end_ms REAL,
    v2v_ms REAL,
    answer_ms REAL,
    mark_return_ms REAL,
    interrupted INTEGER NOT NULL,
    hiccups INTEGER NOT NULL,
    -- off, used or wasted.
    speculation TEXT NOT NULL,
    failed INTEGER NOT NULL,
    rung INTEGER NOT NULL,
    model TEXT NOT NULL,
    tokens_prompt INTEGER,
    tokens_reused INTEGER,
    tokens_generated INTEGER,
    end_of_turn TEXT,
    PRIMARY KEY (call, turn)
) STRICT;

CREATE TABLE stages (
    call INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    -- first_sound, answer or hidden.
    of TEXT NOT NULL,
    name TEXT NOT NULL,
    ms REAL NOT NULL,
    PRIMARY KEY (call, turn, of, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    call INTEGER REFERENCES calls (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_call ON events (call);
CREATE INDEX events_by_time ON events (at);
