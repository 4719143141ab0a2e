/** A process that starts a Redis server and leaves it running: `redis-starter exit|wait`. */
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../src/stores/redis/server.js'

await startRedis()
const name =
  readdirSync(tmpdir()).find((entry) => entry.startsWith('contention-redis-') && entry.includes(`-${process.pid}-`)) ??
  ''
const folder = join(tmpdir(), name)
const { pid } = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as { pid: number }
console.log(JSON.stringify({ folder, pid }))
if (process.argv[2] === 'wait') setInterval(() => undefined, 1_000)
