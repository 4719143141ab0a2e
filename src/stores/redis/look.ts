import { connect, isIP } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import type { Address } from './address.js'
import type { Said } from './problems.js'

/** Somebody waits at a terminal, who has waited before; what is there answers in milliseconds. */
const LOOK_MS = 1_000

type Heard = 'Redis' | 'another language' | 'a hang-up' | 'silence' | 'nobody'

const ONLY_TLS: Said = {
  what: 'the Redis server there speaks TLS alone, and the URL is one without',
  expected: 'rediss:// for a server with TLS',
  todo: 'write rediss:// instead of redis://',
}
const NO_TLS: Said = {
  what: 'the Redis server there speaks no TLS, and the URL asks for it',
  expected: 'redis:// for a server without TLS',
  todo: 'write redis:// instead of rediss://, or name the port at which the server speaks TLS (tls-port)',
}
const NOT_REDIS: Said = {
  what: 'what answers there does not speak the language of Redis',
  expected: 'a Redis server',
  todo: 'check host and port in the URL: there is another program at this one',
}
const HANGS_UP: Said = {
  what: 'what listens there hangs up without a word',
  expected: 'a Redis server, which answers',
  todo: 'check host and port in the URL: Postgres, say, hangs up on who is no client of its own; if it is the Redis server, see in its log why',
}
const SILENT: Said = {
  what: 'what listens there never says a word',
  expected: 'a Redis server, which answers',
  todo: 'check host and port in the URL; if it is the Redis server, see whether it hangs, or a script or a slow disk keeps it busy',
}

/**
 * What is at an address from which no answer came: it is asked once more, with TLS and without, and is told no password.
 * Undefined when that says no more than the error: nobody is there, or by now it answers.
 */
export async function lookAt(address: Address): Promise<Said | undefined> {
  const heard = await ask(address)
  if (heard === 'Redis' || heard === 'nobody') return undefined
  const otherwise = await ask({ ...address, tls: !address.tls })
  if (otherwise === 'Redis') return address.tls ? NO_TLS : ONLY_TLS
  if (heard === 'another language' || otherwise === 'another language') return NOT_REDIS
  return heard === 'silence' ? SILENT : HANGS_UP
}

function ask({ host, port, tls }: Address): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = tls
      ? connectSecurely({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) })
      : connect({ host, port })
    const end = (heard: Heard) => {
      socket.destroy()
      resolve(heard)
    }
    socket.setTimeout(LOOK_MS, () => end('silence'))
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write('*1\r\n$4\r\nPING\r\n'))
    socket.once('data', (said) => end(/^(\+PONG|-[A-Z]+ )/.test(said.toString()) ? 'Redis' : 'another language'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(heardOf(error)))
    socket.once('close', () => end('a hang-up'))
  })
}

function heardOf({ code = '' }: NodeJS.ErrnoException): Heard {
  // Who wants a certificate of ours speaks TLS, and may be the one.
  if (code.includes('CERTIFICATE')) return 'Redis'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'another language'
  return code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('ERR_SSL') ? 'a hang-up' : 'nobody'
}
