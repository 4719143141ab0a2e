import FakeTimers from '@sinonjs/fake-timers'
import fc from 'fast-check'
import { epochsGrow, fencedWrites, mutualExclusion } from '../../src/invariants/index.js'
import { EventQueue } from '../../src/kernel/event-queue.js'
import type { Suspended } from '../../src/kernel/index.js'
import { tokenMint } from '../../src/lease/index.js'
import {
  type Body,
  type Contender,
  defineScenario,
  type Outcome,
  type Scenario,
  simulate,
  workload,
} from '../../src/scenario/index.js'
import { type DirectCore, memoryCore } from '../../src/stores/index.js'
import { builtInSubject } from '../../src/subject/index.js'
import { numbered } from '../../src/trace/index.js'
import { Actor, BACKOFF_MS, DELAY_MS, NODES, RENEW_EVERY_MS, RENEWALS, SEED, SPACES, TTL_MS } from './actor.js'

/** What was done, so that two drivers can be shown to have done the same. */
export interface Done {
  requests: number
  grants: number
  steps: number
}

/** The same contenders, driven in different ways: each runs for so much virtual time. */
export type Driver = (durationMs: number) => Promise<Done>

const invariants = () => [mutualExclusion, epochsGrow, fencedWrites]
const network = () => ({ requestDelayMs: DELAY_MS, replyDelayMs: DELAY_MS, timeoutMs: 1_000 })
const parameters = workload({ nodes: NODES, spaces: SPACES, durationMs: 60_000 })

/** As the built-in scenarios are written: one generator, which yields requests. */
export const builtInStyle = defineScenario({
  name: 'actors',
  description: 'acquire, renew, release',
  parameters,
  network,
  *node(node): Body {
    const space = node.spaces[node.index % node.spaces.length] as string
    for (;;) {
      const outcome = yield node.acquire(space, TTL_MS)
      if (outcome.kind === 'granted') {
        for (let renewals = 0; renewals < RENEWALS; renewals++) {
          yield node.sleep(RENEW_EVERY_MS)
          yield node.renew(outcome.fence, TTL_MS)
        }
        yield node.release(outcome.fence)
      }
      yield node.sleep(node.random.int(...BACKOFF_MS))
    }
  },
  invariants,
})

type Steps<T> = Generator<Suspended, T, Outcome>

/** As a user may write it who cares for reading only: helpers in helpers, closures, objects, nothing kept. */
const convenientStyle = defineScenario({
  name: 'convenient-actors',
  description: 'acquire, renew, release',
  parameters,
  network,
  *node(node): Body {
    for (;;) {
      const shard = { space: node.spaces[node.index % node.spaces.length] as string, ttlMs: TTL_MS }
      yield* withLease(node, shard, function* (renew) {
        for (const _ of Array.from({ length: RENEWALS })) {
          yield* pause(node, RENEW_EVERY_MS)
          yield* renew()
        }
      })
      yield* pause(node, node.random.int(...BACKOFF_MS))
    }
  },
  invariants,
})

function* withLease(
  node: Contender,
  { space, ttlMs }: { readonly space: string; readonly ttlMs: number },
  work: (renew: () => Steps<Outcome>) => Steps<void>,
): Steps<void> {
  const granted = yield* settled(node, node.acquire(space, ttlMs))
  if (granted.kind !== 'granted') return
  yield* work(() => settled(node, node.renew(granted.fence, ttlMs)))
  yield* settled(node, node.release(granted.fence))
}

function* settled(node: Contender, first: Suspended): Steps<Outcome> {
  let outcome = yield first
  while (outcome.kind === 'timeout') outcome = yield node.resend()
  return outcome
}

function* pause(node: Contender, durationMs: number): Steps<void> {
  yield node.sleep(durationMs)
}

/** The lease core, counting: under the kernel and without it, so that the count weighs on all alike. */
function countingCore(done: Done, mint = tokenMint('bench')): DirectCore {
  const core = memoryCore(mint)
  return {
    execute(command, nowMs) {
      done.requests += 1
      const reply = core.execute(command, nowMs)
      if (reply.kind === 'granted') done.grants += 1
      return reply
    },
  }
}

const nothing = (): Done => ({ requests: 0, grants: 0, steps: 0 })

const actors = (done: Done): readonly Actor[] => {
  const core = countingCore(done)
  return numbered('node', NODES).map((name, index) => new Actor(index, name, core))
}

function underKernel(scenario: Scenario): Driver {
  return async (durationMs) => {
    const done = nothing()
    const { steps } = await simulate(scenario, {
      seed: SEED,
      parameters: { nodes: NODES, spaces: SPACES, durationMs },
      maxEvents: Number.MAX_SAFE_INTEGER,
      subject: { ...builtInSubject, store: (mint) => countingCore(done, mint) },
    })
    return { ...done, steps }
  }
}

/** Nothing around it: a queue, and a function called for each event. */
const bareLoop: Driver = async (durationMs) => {
  const done = nothing()
  const all = actors(done)
  const queue = new EventQueue()
  for (let index = 0; index < NODES; index++) queue.push(0, index, index)
  let order = NODES
  while (queue.take(durationMs)) {
    const index = queue.payload
    queue.push(queue.atMs + (all[index] as Actor).step(queue.atMs), order++, index)
    done.steps += 1
  }
  return done
}

const fakeTimersTick: Driver = async (durationMs) => {
  const done = nothing()
  const clock = FakeTimers.createClock()
  for (const actor of actors(done)) {
    const step = (): void => {
      done.steps += 1
      clock.setTimeout(step, actor.step(clock.now))
    }
    clock.setTimeout(step, 0)
  }
  clock.tick(durationMs)
  return done
}

const fakeTimersTickAsync: Driver = async (durationMs) => {
  const done = nothing()
  const clock = FakeTimers.createClock()
  const live = async (actor: Actor): Promise<void> => {
    for (;;) {
      done.steps += 1
      const delayMs = actor.step(clock.now)
      await new Promise<void>((resolve) => clock.setTimeout(() => resolve(), delayMs))
    }
  }
  clock.setTimeout(() => actors(done).map(live), 0)
  await clock.tickAsync(durationMs)
  return done
}

/** It has an order, but no time: each actor takes its share of the loop's steps, a millisecond apart. */
const fastCheckScheduler: Driver = async (durationMs) => {
  const stepsEach = Math.ceil((await bareLoop(durationMs)).steps / NODES)
  const done = nothing()
  const [scheduler] = fc.sample(fc.scheduler(), { numRuns: 1, seed: SEED })
  if (scheduler === undefined) throw new Error('expected a scheduler')
  const live = async (actor: Actor): Promise<void> => {
    for (let step = 0; step < stepsEach; step++) {
      await scheduler.schedule(Promise.resolve())
      actor.step(done.steps)
      done.steps += 1
    }
  }
  const all = actors(done).map(live)
  await scheduler.waitIdle()
  await Promise.all(all)
  return done
}

export const drivers: Readonly<Record<string, Driver>> = {
  'kernel, built-in style': underKernel(builtInStyle),
  'kernel, convenient style': underKernel(convenientStyle),
  'bare callback loop': bareLoop,
  'fake-timers tick': fakeTimersTick,
  'fake-timers tickAsync': fakeTimersTickAsync,
  'fast-check scheduler': fastCheckScheduler,
}
