import { describe, expect, it } from 'vitest'
import {
  type Body,
  type Fault,
  Kernel,
  type KernelObserver,
  type Main,
  type Network,
  type Process,
  randomOrder,
  randomStream,
  Signal,
} from '../../src/kernel/index.js'

interface Answer {
  readonly kind: 'answer'
  readonly to: string
}

const steady: Network = { requestDelayMs: [5, 5], replyDelayMs: [5, 5] }

/** A kernel whose subject answers everything, and a log of all that happened. */
function world(
  options: {
    network?: Network
    faults?: readonly Fault[]
    seed?: number
    maxSteps?: number
    promised?: boolean
    random?: boolean
  } = {},
) {
  const log: string[] = []
  const seed = options.seed ?? 1
  const names: string[] = []
  const say = (atMs: number, node: number, what: string) => log.push(`${atMs} ${names[node]} ${what}`)
  const observer: KernelObserver<string, Answer> = {
    sent: (at, { node }, request, attempt) => say(at, node, `sends ${request}${attempt > 0 ? ` again` : ''}`),
    executed: (at, { node }, request) => say(at, node, `step ${request}`),
    delivered: (at, { node }, request) => say(at, node, `has ${request}`),
    timedOut: (at, { node }, request) => say(at, node, `gives up ${request}`),
    lost: (at, { node }, request, leg) => say(at, node, `loses ${leg} ${request}`),
    duplicated: (at, { node }, request, leg) => say(at, node, `doubles ${leg} ${request}`),
    paused: (at, node, until) => say(at, node, `paused until ${until}`),
    resumed: (at, node) => say(at, node, 'resumed'),
    crashed: (at, node) => say(at, node, 'crashed'),
    restarted: (at, node) => say(at, node, 'restarted'),
    skewed: (at, node, by) => say(at, node, `skewed ${by}`),
    drifted: (at, node, ppm) => say(at, node, `drifts ${ppm}`),
    partitioned: (at, node, until) => say(at, node, `cut until ${until}`),
    struck: (at, node, leg, until) => say(at, node, `${leg}s struck until ${until}`),
  }
  const kernel = new Kernel<string, Answer>({
    random: (name) => randomStream(seed, name),
    network: options.network ?? steady,
    observer,
    maxSteps: options.maxSteps ?? 10_000,
    ...(options.random ? { tieBreak: randomOrder(seed) } : {}),
    serve: (request) => {
      const answer: Answer = { kind: 'answer', to: request }
      return options.promised ? Promise.resolve(answer) : answer
    },
  })
  return {
    log,
    kernel,
    node(name: string, main: Main<string, Answer>, skewMs = 0) {
      names.push(name)
      return kernel.addNode(name, main, skewMs)
    },
    run(untilMs: number) {
      for (const fault of options.faults ?? []) kernel.inject(fault)
      return kernel.run(untilMs)
    },
    note: (process: Process<string, Answer>, what: string) => log.push(`${process.nowMs} ${process.nodeName} ${what}`),
  }
}

const once = (request: string, timeoutMs = 50): Main<string, Answer> =>
  function* (process): Body<Answer> {
    yield process.call(request, timeoutMs)
  }

describe('the kernel', () => {
  it('carries a request to the subject and the reply back, over a network that takes its time', () => {
    const it = world()
    it.node('a', function* (process): Body<Answer> {
      yield process.sleep(10)
      const outcome = yield process.call('x', 50)
      it.note(process, outcome.kind === 'answer' ? `got ${outcome.to}` : outcome.kind)
    })
    it.run(1_000)
    expect(it.log).toEqual(['10 a sends x', '15 a step x', '20 a has x', '20 a got x'])
  })

  it('a request that is lost has not happened; a reply that is lost has: the caller cannot tell', () => {
    for (const leg of ['request', 'reply'] as const) {
      const it = world({ faults: [{ kind: 'drop', leg, node: 0, atMs: 0, durationMs: 100 }] })
      it.node('a', function* (process): Body<Answer> {
        yield process.sleep(1)
        const outcome = yield process.call('x', 50)
        it.note(process, outcome.kind)
      })
      it.run(1_000)
      expect(it.log.includes('6 a step x')).toBe(leg === 'reply')
      expect(it.log.slice(-2)).toEqual(['51 a gives up x', '51 a timeout'])
    }
  })

  it('a slow request is late at the subject, a slow reply only at the caller', () => {
    const late = (leg: 'request' | 'reply') => {
      const it = world({ faults: [{ kind: 'delay', leg, node: 0, atMs: 0, durationMs: 100, delayMs: 30 }] })
      it.node('a', function* (process): Body<Answer> {
        yield process.sleep(1)
        yield process.call('x', 100)
      })
      it.run(1_000)
      return it.log.slice(1)
    }
    expect(late('request')).toEqual(['1 a sends x', '36 a step x', '41 a has x'])
    expect(late('reply')).toEqual(['1 a sends x', '6 a step x', '41 a has x'])
  })

  it('a step may happen after its caller has given up', () => {
    const it = world({ network: { requestDelayMs: [80, 80], replyDelayMs: [5, 5] } })
    it.node('a', once('x', 50))
    it.run(1_000)
    expect(it.log).toEqual(['0 a sends x', '50 a gives up x', '80 a step x'])
  })

  it('takes a reply at the very deadline, and not after', () => {
    const ends = (timeoutMs: number) => {
      const it = world()
      it.node('a', once('x', timeoutMs))
      it.run(100)
      return it.log.at(-1)
    }
    expect(ends(10)).toBe('10 a has x')
    expect(ends(9)).toBe('9 a gives up x')
  })

  it('doubles a request, and the first reply counts', () => {
    const it = world({ network: { ...steady, requestDuplicatePerMille: 1_000 } })
    it.node('a', once('x'))
    it.run(1_000)
    expect(it.log).toEqual(['0 a sends x', '0 a doubles request x', '5 a step x', '5 a step x', '10 a has x'])
  })

  it('a doubled request still answers when the reply to the first is lost', () => {
    const it = world({
      network: { ...steady, requestDuplicatePerMille: 1_000, replyDelayMs: [5, 5] },
      faults: [{ kind: 'drop', leg: 'reply', node: 0, atMs: 0, durationMs: 3 }],
    })
    it.node('a', once('x'))
    it.run(1_000)
    expect(it.log.at(-1)).toBe('10 a has x')
  })

  it('a partition loses what sets out while it lasts, either way, in half-open time', () => {
    const at = (sendMs: number) => {
      const it = world({ faults: [{ kind: 'partition', nodes: [0], atMs: 20, durationMs: 10 }] })
      it.node('a', function* (process): Body<Answer> {
        yield process.sleep(sendMs)
        yield process.call('x', 40)
      })
      it.run(200)
      return it.log.filter((line) => line.includes('loses') || line.includes('has')).at(-1)
    }
    expect(at(8)).toBe('18 a has x')
    expect(at(16)).toBe('21 a loses reply x')
    expect(at(21)).toBe('21 a loses request x')
    expect(at(30)).toBe('40 a has x')
  })

  it('a paused node does nothing; what came meanwhile comes after, in its order', () => {
    const it = world({ faults: [{ kind: 'pause', node: 0, atMs: 7, durationMs: 100 }] })
    it.node('a', function* (process): Body<Answer> {
      yield process.call('x', 50)
      it.note(process, 'goes on')
    })
    it.run(1_000)
    expect(it.log).toEqual([
      '0 a sends x',
      '5 a step x',
      '7 a paused until 107',
      '107 a resumed',
      '107 a has x',
      '107 a goes on',
    ])
  })

  it('a crash ends every task and all memory; a restart begins anew', () => {
    const it = world({ faults: [{ kind: 'crash', node: 0, atMs: 25, restartAfterMs: 50 }] })
    it.node('a', function* (process): Body<Answer> {
      let memory = 0
      process.spawn(function* (task): Body<Answer> {
        yield task.sleep(30)
        it.note(task, 'task went on')
      })
      for (;;) {
        yield process.sleep(10)
        it.note(process, `${++memory}`)
      }
    })
    it.run(86)
    expect(it.log).toEqual(['10 a 1', '20 a 2', '25 a crashed', '75 a restarted', '85 a 1'])
  })

  it('a crash without a restart is for good; a restart by hand is not', () => {
    const ticks = (faults: readonly Fault[]) => {
      const it = world({ faults })
      it.node('a', function* (process): Body<Answer> {
        for (;;) {
          yield process.sleep(10)
          it.note(process, 'tick')
        }
      })
      it.run(100)
      return it.log.filter((line) => line.endsWith('tick')).length
    }
    expect(ticks([{ kind: 'crash', node: 0, atMs: 35 }])).toBe(3)
    expect(
      ticks([
        { kind: 'crash', node: 0, atMs: 35 },
        { kind: 'restart', node: 0, atMs: 50 },
      ]),
    ).toBe(8)
  })

  it('a reply to a task that has crashed reaches nobody', () => {
    const it = world({ faults: [{ kind: 'crash', node: 0, atMs: 7, restartAfterMs: 1 }] })
    it.node('a', once('x'))
    it.run(1_000)
    expect(it.log).toEqual([
      '0 a sends x',
      '5 a step x',
      '7 a crashed',
      '8 a restarted',
      '8 a sends x',
      '13 a step x',
      '18 a has x',
    ])
  })

  it('clocks are skewed, jump and drift; a sleep is by the clock of the node', () => {
    const it = world({
      faults: [
        { kind: 'skew', node: 0, atMs: 10, byMs: 1_000 },
        { kind: 'drift', node: 1, atMs: 0, ppm: 1_000_000 },
      ],
    })
    it.node(
      'a',
      function* (process): Body<Answer> {
        yield process.sleep(20)
        it.note(process, 'awake')
      },
      -5,
    )
    it.node('b', function* (process): Body<Answer> {
      yield process.sleep(1)
      yield process.sleep(20)
      it.note(process, 'awake')
    })
    it.run(100)
    expect(it.log).toEqual(['0 b drifts 1000000', '10 a skewed 1000', '22 b awake', '1015 a awake'])
  })

  it('tasks of one node wait for each other, at most so long', () => {
    const it = world()
    it.node('a', function* (process): Body<Answer> {
      const ready = new Signal()
      process.spawn(function* (task): Body<Answer> {
        yield task.sleep(30)
        task.notify(ready)
      })
      it.note(process, (yield process.wait(ready, 10)).kind)
      it.note(process, (yield process.wait(ready)).kind)
    })
    it.run(100)
    expect(it.log).toEqual(['10 a timeout', '30 a notified'])
  })

  it('says which step went wrong, and when: a throw, a missing yield, a yield of nothing, a run without end', () => {
    const failing = (main: Main<string, Answer>) => {
      const it = world({ maxSteps: 100 })
      it.node('a', main)
      return () => it.run(1_000)
    }
    expect(
      failing(function* (process): Body<Answer> {
        yield process.sleep(7)
        throw new Error('oh')
      }),
    ).toThrow(expect.objectContaining({ name: 'StepFailed', message: 'oh', node: 'a', atMs: 7, culprit: 'scenario' }))
    expect(
      failing(function* (process): Body<Answer> {
        process.sleep(1)
        yield process.sleep(1)
      }),
    ).toThrow('is a `yield` missing?')
    expect(
      failing(function* (): Body<Answer> {
        yield { suspended: true }
      }),
    ).toThrow('yielded without an effect')
    expect(
      failing(function* (process): Body<Answer> {
        for (;;) yield process.sleep(0)
      }),
    ).toThrow(expect.objectContaining({ name: 'StepLimitReached', maxSteps: 100, atMs: 0 }))
  })

  it('a subject that answers with promises is driven to the very same events', async () => {
    const run = async (promised: boolean) => {
      const it = world({
        promised,
        network: { requestDelayMs: [1, 30], replyDelayMs: [1, 30], replyLossPerMille: 200 },
      })
      for (const name of ['a', 'b', 'c']) {
        it.node(name, function* (process): Body<Answer> {
          for (let call = 0; call < 20; call++) {
            yield process.call(`${name}${call}`, 40)
            yield process.sleep(process.random.int(0, 5))
          }
        })
      }
      await it.run(5_000)
      return it.log
    }
    expect(await run(true)).toEqual(await run(false))
  })

  it('a node more does not change what the others draw', () => {
    const of = (names: readonly string[]) => {
      const it = world({ network: { requestDelayMs: [1, 30], replyDelayMs: [1, 30], requestLossPerMille: 100 } })
      for (const name of names) {
        it.node(name, function* (process): Body<Answer> {
          for (;;) {
            yield process.call('x', 40)
            yield process.sleep(process.random.int(1, 20))
          }
        })
      }
      it.run(2_000)
      return it.log.filter((line) => line.split(' ')[1] === 'a')
    }
    expect(of(['a', 'b'])).toEqual(of(['a']))
  })

  it('random ties are another order, and the same one for the same seed', () => {
    const of = (seed: number, random: boolean) => {
      const it = world({ seed, random })
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) it.node(name, once('x'))
      it.run(100)
      return it.log.join('\n')
    }
    expect(of(1, true)).toBe(of(1, true))
    expect(of(1, true)).not.toBe(of(1, false))
    expect(of(1, true)).not.toBe(of(2, true))
  })
})
