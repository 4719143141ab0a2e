import { setTimeout as sleep } from 'node:timers/promises'
import { importDriver } from '../driver.js'
import { StoreError, storeClosed } from '../store-error.js'
import type { Address } from './address.js'
import { lookAt } from './look.js'
import { problemOf } from './problems.js'

/** Sends one command, and gives what the server answers. */
export type Call = (command: readonly string[]) => Promise<unknown>

export interface Connection {
  readonly call: Call
  close(): void
}

/** What is used of node-redis. */
interface Client {
  connect(): Promise<unknown>
  sendCommand(command: readonly string[]): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}
type CreateClient = (options: object) => Client

/** Longer than any round trip on earth, and short enough for somebody who waits at a terminal. */
const CONNECT_TIMEOUT_MS = 5_000
/** A server that syncs to a slow disk may take seconds. An idle connection ends so too: the next call makes another. */
const SILENCE_TIMEOUT_MS = 60_000
/** Gigabytes of an append-only file are read in that time. */
const LOADING_TIMEOUT_MS = 30_000
const LOADING_RETRY_MS = 100

/**
 * A connection to the server at `address`, made when it is first needed and again when it was lost. Calls never wait for
 * a server to come back: what was under way when the connection broke is rejected. `greet` has the first word on each.
 */
export async function connectionTo(address: Address, greet: (call: Call) => Promise<void>): Promise<Connection> {
  const { module } = await importDriver('redis', ['redis'])
  const createClient = module['createClient'] as CreateClient
  const why = new WeakMap<Client, Error>()
  let ready: Client | undefined
  let connecting: Promise<Client> | undefined
  let closed = false

  const drop = (client: Client, error: Error) => {
    if (why.has(client)) return
    why.set(client, error)
    if (ready === client) ready = undefined
    client.destroy()
  }

  const ask = async (client: Client, command: readonly string[]): Promise<unknown> => {
    try {
      return await client.sendCommand(command)
    } catch (error) {
      if (isLoading(error)) return askLoaded(client, command)
      // A space that is gone may be all that is: greeted anew, the server has to show that it is who it was.
      if (error instanceof Error && error.message.startsWith('CONTENTION lost')) drop(client, error)
      throw why.get(client) ?? error
    }
  }

  const askLoaded = async (client: Client, command: readonly string[]): Promise<unknown> => {
    for (let waitedMs = 0; ; waitedMs += LOADING_RETRY_MS) {
      await sleep(LOADING_RETRY_MS)
      try {
        return await client.sendCommand(command)
      } catch (error) {
        if (!isLoading(error) || waitedMs >= LOADING_TIMEOUT_MS) throw why.get(client) ?? error
      }
    }
  }

  /** Until the first answer. Without one, what is there instead is looked at. */
  const reach = async (client: Client): Promise<void> => {
    const silent = new AbortController()
    const patience = sleep(CONNECT_TIMEOUT_MS, undefined, { signal: silent.signal }).then(
      () => drop(client, new Error(`connected, but silent for ${CONNECT_TIMEOUT_MS} ms`)),
      () => undefined,
    )
    try {
      await Promise.race([client.connect().then(() => answered(client)), patience])
      if (why.has(client)) throw why.get(client)
    } catch (error) {
      throw problemOf(why.get(client) ?? error, address.place, await lookAt(address))
    } finally {
      silent.abort()
    }
  }

  const connect = async (): Promise<Client> => {
    const client = createClient(optionsOf(address))
    // It speaks up whenever something is wrong, asked or not; without a listener that would end the process.
    client.on('error', (error) => drop(client, error))
    try {
      await reach(client)
      await greet((command) => ask(client, command))
      if (closed) throw closedError(address)
      ready = client
      return client
    } catch (error) {
      const cause = error instanceof StoreError ? error : (why.get(client) ?? error)
      drop(client, error as Error)
      throw cause
    }
  }

  const call: Call = async (command) => {
    try {
      if (ready !== undefined) return await ask(ready, command)
      if (closed) throw closedError(address)
      connecting ??= connect().finally(() => {
        connecting = undefined
      })
      return await ask(await connecting, command)
    } catch (error) {
      throw problemOf(error, address.place)
    }
  }

  return {
    call,
    close: () => {
      closed = true
      if (ready !== undefined) drop(ready, closedError(address))
    },
  }
}

/** Anything that Redis may say to a PING will do, even that it wants a password first. */
async function answered(client: Client): Promise<void> {
  await client.sendCommand(['PING']).catch((error: Error) => {
    if (!/^[A-Z]+ /.test(error.message)) throw error
  })
}

const isLoading = (error: unknown): boolean => error instanceof Error && error.message.startsWith('LOADING')

const closedError = ({ place }: Address): StoreError => storeClosed(`redis ${place}`)

function optionsOf({ host, port, tls, database, username, password }: Address): object {
  return {
    // Every server and every proxy knows the older protocol.
    RESP: 2,
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: {
      host,
      port,
      ...(tls ? { tls } : {}),
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      reconnectStrategy: false,
    },
  }
}
