import { setTimeout as sleep } from 'node:timers/promises'
import { type Fence, tokenMint } from '../lease/index.js'
import type { Command, Reply } from '../protocol/index.js'
import { type Core, type Environment, openStore, storedCore } from '../stores/index.js'
import { patiently } from './patience.js'
import { RACED, type RacerMessage } from './report.js'

/** What a racing process is told at its start. */
export interface RacerSpec {
  readonly store: string
  readonly namespace: string
  /** The owner that grants are made to. */
  readonly node: string
  /** Never used before: which start of which process this is. */
  readonly session: string
  readonly spaces: readonly string[]
  readonly ttlMs: number
}

/** What it is told when it may begin. */
export interface Go {
  /** For how long it races from then on. */
  readonly forMs: number
}

/** Every process of a race can make the tokens of every other: it is a race, and not a burglary. */
const SECRET = 'race'
/** Tasks of one process contend with each other as well. */
const TASKS = 2
const APPENDS_PER_LEASE = 12

/** Races: acquires, appends, releases, and now and then stands still until its lease has lapsed, and writes nevertheless. */
export async function race(
  spec: RacerSpec,
  env: Environment,
  tell: (told: RacerMessage) => void,
  go: Promise<Go>,
): Promise<void> {
  const open = await patiently(
    () => openStore(spec.store, { env }),
    () => tell({ kind: 'unanswered' }),
  )
  if (open === undefined) throw new TypeError('a race needs a store that several processes can open')
  try {
    const core = storedCore(open.namespace(spec.namespace), tokenMint(SECRET))
    tell({ kind: 'ready' })
    const { forMs } = await go
    const untilMs = performance.now() + forMs
    await Promise.all(Array.from({ length: TASKS }, (_, task) => runTask(core, spec, task, untilMs, tell)))
  } finally {
    await open.close()
  }
}

async function runTask(
  core: Core,
  spec: RacerSpec,
  task: number,
  untilMs: number,
  tell: (told: RacerMessage) => void,
): Promise<void> {
  const { node, spaces, ttlMs } = spec
  const owner = `${node}.${task}`
  const session = `${spec.session}.${task}`
  let requests = 0
  let ids = 0

  /** Sends a request, and sends it again until it is answered: its number makes it one request. */
  const ask = async (make: (asked: { session: string; request: number }) => Command): Promise<Reply> => {
    const command = make({ session, request: ++requests })
    return patiently(
      () => core.execute(command, Date.now()),
      () => tell({ kind: 'unanswered' }),
    )
  }

  const append = async (fence: Fence): Promise<boolean> => {
    const id = `${session}/${++ids}`
    const reply = await ask((asked) => ({ kind: 'append', fence, type: RACED, payload: id, ...asked }))
    const { space, epoch } = fence
    if (reply.kind === 'appended') tell({ kind: 'appended', id, space, seq: reply.seq, epoch, owner })
    return reply.kind === 'appended'
  }

  for (let round = task; performance.now() < untilMs; round++) {
    const space = spaces[(round + ids) % spaces.length] as string
    const granted = await ask((asked) => ({
      kind: 'acquire',
      space,
      owner,
      ttlMs,
      clockMs: Date.now(),
      queueMs: ttlMs,
      inQueue: false,
      ...asked,
    }))
    if (granted.kind !== 'granted') {
      await sleep(ttlMs / 60)
      continue
    }
    const { fence } = granted
    tell({ kind: 'granted', space, epoch: fence.epoch, owner, session })
    let held = true
    for (let at = 0; at < APPENDS_PER_LEASE && held && performance.now() < untilMs; at++) {
      if (at % 4 === 3) {
        const renewed = await ask((asked) => ({ kind: 'renew', fence, ttlMs, ...asked }))
        held = renewed.kind === 'renewed'
      }
      held &&= await append(fence)
    }
    if (!held) continue
    if (round % 5 === 4) {
      // Stands still for longer than it holds the lease, as a process does that collects garbage or is swapped out.
      await sleep(ttlMs * 1.5)
      tell({ kind: 'tried-old-fence', space, epoch: fence.epoch, accepted: await append(fence) })
    } else {
      await ask((asked) => ({ kind: 'release', fence, ...asked }))
      tell({ kind: 'tried-old-fence', space, epoch: fence.epoch, accepted: await append(fence) })
    }
  }
}
