/**
 * What has to happen in Redis in one piece, as scripts that run there.
 *
 * @module
 */

/**
 * Takes a lease: `KEYS` are the lease and the last token, `ARGV` how long each lasts in
 * milliseconds. Gives the token as text, or nothing while somebody else holds the lease.
 *
 * A token is the server's clock in milliseconds, or one more than the last token where that is not
 * more: so it grows also after the last token was forgotten, and where the clock was set back.
 */
export const TAKE_LEASE = `
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2])) or 0
local token = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], token, 'PX', ARGV[2])
redis.call('SET', KEYS[1], token, 'NX', 'PX', ARGV[1])
return token`;

/** Renews a lease: `KEYS` is it, `ARGV` the token and milliseconds. Gives 1, or 0 if it was lost. */
export const RENEW_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** Gives a lease back: `KEYS` is it, `ARGV` the token. Gives 1, or 0 if it was lost. */
export const RELEASE_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * Writes an entry under a lease: `KEYS` are the entry and the lease, `ARGV` the token, the value,
 * and how `SET` is to let it expire. Gives 1, or 0 if the lease was lost.
 */
export const SET_UNDER_LEASE = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3))
return 1`;
