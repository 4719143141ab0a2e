import { expect } from 'vitest'
import type { AppendAuthority, ForwardedIntent } from '../../src/authority/index.js'
import { type Random, randomStream } from '../../src/kernel/index.js'
import type { Core } from '../../src/stores/index.js'
import type { World } from './world.js'

const SPACES = ['s', 't']

/** A core that is `world`'s, over a line that is slow and loses what is asked and answered. */
function farCore(world: World, random: Random, lossPerMille: number): Core {
  const core = world.core()
  const pass = async (what: string) => {
    await world.sleep(random.int(0, 20))
    if (random.chance(lossPerMille)) throw new Error(`the ${what} is lost`)
  }
  return {
    execute: async (command, nowMs) => {
      await pass('request')
      const reply = await core.execute(command, nowMs)
      await pass('reply')
      return reply
    },
  }
}

interface Node {
  readonly name: string
  readonly authority: AppendAuthority
}

/**
 * Runs a world of troubles drawn from `seed`: three or four nodes, of which two may have one name, on clocks that jump; slow
 * lines, on which messages are lost, doubled, and late by seconds; nodes that start anew, release, and want up to four things
 * at once. Then every intent is in its log once at the most, where it was said to be, and not where it was said not to be.
 */
export async function appendsOnce(seed: number, world: World): Promise<void> {
  const random = randomStream(seed, 'authority')
  const ttlMs = random.int(50, 450)
  const [lossPerMille, twicePerMille] = [random.int(0, 300), random.int(0, 300)]
  const core = farCore(world, random, random.int(0, 100))
  const slots = [['a', 'a'], ['b', 'b'], ['c', 'c'], ...(random.chance(300) ? [['a twin', 'a']] : [])] as [
    string,
    string,
  ][]
  const nodes = new Map<string, Node>()
  const skewMs = new Map<string, number>()
  let starts = 0

  const deliver = async (to: string, intent: ForwardedIntent) => {
    await world.sleep(random.int(0, random.chance(100) ? 3_000 : 30))
    const named = [...nodes.values()].filter(({ name }) => name === to)
    const reply = await random.pick(named).authority.receive(structuredClone(intent))
    await world.sleep(random.int(0, 30))
    return reply
  }
  const start = (slot: string, name: string) => {
    const authority = world.start(name, {
      session: `${slot} ${++starts}`,
      core,
      nowMs: () => world.nowMs + (skewMs.get(slot) ?? 0),
      ttlMs,
      renewBelowMs: random.int(0, ttlMs),
      retryAfterMs: random.int(0, 40),
      giveUpAfterMs: random.int(20, 1_500),
      forward: async (to, intent) => {
        if (random.chance(twicePerMille)) deliver(to, intent).catch(() => undefined)
        if (random.chance(lossPerMille)) throw new Error('the request is lost')
        const reply = deliver(to, intent)
        if (!random.chance(lossPerMille)) return reply
        reply.catch(() => undefined)
        throw new Error('the reply is lost')
      },
    })
    nodes.set(slot, { name, authority })
  }
  for (const [slot, name] of slots) start(slot, name)

  const said: Promise<{ space: string; id: number; kind: string; seq?: number; why?: string }>[] = []
  const want = (slot: string) => {
    const id = said.length
    const space = random.pick(SPACES)
    const { authority } = nodes.get(slot) as Node
    said.push(authority.append(space, { type: 'wanted', payload: id }).then((outcome) => ({ space, id, ...outcome })))
  }
  const live = async () => {
    for (let step = 0; step < 60; step++) {
      await world.sleep(random.int(0, 150))
      const [slot, name] = random.pick(slots)
      const what = random.int(0, 99)
      if (what < 70) for (let many = random.int(1, 4); many > 0; many--) want(slot)
      else if (what < 78) start(slot, name)
      else if (what < 90) skewMs.set(slot, random.int(-2 * ttlMs, 2 * ttlMs))
      else (nodes.get(slot) as Node).authority.release(random.pick(SPACES)).catch(() => undefined)
    }
    // Until the last late copy has come.
    await world.sleep(4_000)
    return Promise.all(said)
  }
  const outcomes = await world.during(live())

  for (const space of SPACES) {
    const log = await world.log(space)
    const ids = log.map(({ payload }) => payload as number)
    const here = outcomes.filter((outcome) => outcome.space === space)
    const appended = here.filter(({ kind }) => kind === 'appended')
    const never = here.filter(({ kind }) => kind === 'not-written').map(({ id }) => id)
    const epochs = log.map(({ epoch }) => epoch)
    const by = `seed ${seed}`
    expect(
      log.map(({ seq }) => seq),
      by,
    ).toEqual(log.map((_, at) => at))
    expect(new Set(ids).size, `${by}: an intent is one event`).toBe(ids.length)
    expect(epochs, `${by}: epochs never go back`).toEqual([...epochs].sort((x, y) => x - y))
    expect(
      appended.map(({ seq }) => ids[seq as number]),
      `${by}: it is where it was said to be`,
    ).toEqual(appended.map(({ id }) => id))
    expect(
      never.filter((id) => ids.includes(id)),
      `${by}: what was said not to be written`,
    ).toEqual([])
    expect(
      outcomes.filter(({ why }) => why?.includes('settled')),
      `${by}: what was superseded`,
    ).toEqual([])
  }
}
