/** A process that starts a Redis server and leaves it running: `redis-starter exit|wait`. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serversIn } from '../../src/stores/redis/leftovers.js'
import { startRedis } from '../../src/stores/redis/server.js'

await startRedis()
const name =
  readdirSync(tmpdir()).find((entry) => entry.startsWith('contention-redis-') && entry.includes(`-${process.pid}-`)) ??
  ''
const folder = join(tmpdir(), name)
const [pid] = serversIn(folder)
console.log(JSON.stringify({ folder, pid }))
if (process.argv[2] === 'wait') setInterval(() => undefined, 1_000)
