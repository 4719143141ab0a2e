import { createHash } from 'node:crypto'
import type { Call } from './connection.js'

/** A script that the server runs as one atomic step on one key. */
export interface Script {
  readonly source: string
  readonly digest: string
}

const script = (source: string): Script => ({ source, digest: createHash('sha1').update(source).digest('hex') })

/**
 * Runs `script` on `key`. The server knows scripts by their digest, and has to be told one again after a restart.
 */
export async function run(call: Call, { source, digest }: Script, key: string, values: string[]): Promise<unknown> {
  try {
    return await call(['EVALSHA', digest, '1', key, ...values])
  } catch (error) {
    const { cause } = error as Error
    if (!(cause instanceof Error && cause.message.startsWith('NOSCRIPT'))) throw error
    return call(['EVAL', source, '1', key, ...values])
  }
}

/**
 * A space is one hash, so that it is there as a whole or not at all: `version`, `record`, `checkpoint`, `next` and `first`
 * (the seqs at which the log goes on and begins), `s:SESSION` for what each session was told, `e:SEQ` for each event.
 * A list for the events would be the usual thing, but costs a second key and a second write at each append.
 */

/** The names of the events from `from` to `to`, as many as one command of the server takes. */
const EVENT_NAMES = `
local function names(from, to)
  local all = {}
  for seq = from, math.min(to, from + 999) do all[#all + 1] = string.format('e:%.0f', seq) end
  return all
end`

/** Values: the version it must be at, then the seq of the event or nothing, then the fields. */
export const SWAP = script(`
local seen = redis.call('HMGET', KEYS[1], 'version', 'next')
if seen[1] ~= ARGV[1] then
  if seen[1] then return 0 end
  if ARGV[1] ~= '0' then return redis.error_reply('CONTENTION lost: the space is gone') end
  if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('CONTENTION foreign: no version') end
end
if ARGV[2] ~= '' and (seen[2] or '0') ~= ARGV[2] then
  return redis.error_reply('CONTENTION gap: the log goes on at ' .. (seen[2] or '0') .. ', not at ' .. ARGV[2])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1`)

/** Values: the version it must be at, the first seq that stays, then the fields. */
export const TRUNCATE = script(`${EVENT_NAMES}
local seen = redis.call('HMGET', KEYS[1], 'version', 'next', 'first')
if seen[1] ~= ARGV[1] then
  if seen[1] or ARGV[1] == '0' then return 0 end
  return redis.error_reply('CONTENTION lost: the space is gone')
end
local before, first = tonumber(ARGV[2]), tonumber(seen[3] or '0')
if before > tonumber(seen[2] or '0') then
  return redis.error_reply('CONTENTION gap: the log ends at ' .. (seen[2] or '0') .. ', before ' .. ARGV[2])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
for seq = first, before - 1, 1000 do redis.call('HDEL', KEYS[1], unpack(names(seq, before - 1))) end
return 1`)

/** Values: from which seq, and how many at most. Gives record and checkpoint, and then the events. */
export const VIEW = script(`${EVENT_NAMES}
local seen = redis.call('HMGET', KEYS[1], 'record', 'checkpoint', 'next', 'first')
local view = { seen[1], seen[2] }
local from = math.max(tonumber(ARGV[1]), tonumber(seen[4] or '0'))
local to = math.min(from + tonumber(ARGV[2]), tonumber(seen[3] or '0')) - 1
for seq = from, to, 1000 do
  for at, event in ipairs(redis.call('HMGET', KEYS[1], unpack(names(seq, to)))) do
    if not event then return redis.error_reply('CONTENTION gap: no event ' .. (seq + at - 1)) end
    view[#view + 1] = event
  end
end
return view`)

/** Values: the format, and the identity of a database that is new. Gives those that it has. */
export const ADOPT = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'identity', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'format', 'identity')`)
