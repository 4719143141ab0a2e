import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fault, type Outcome, type Process, Signal, type Suspended } from '../../src/kernel/index.js'
import { type Answer, asksOnce, type Life, rough, TestWorld } from '../support/kernel-world.js'

/** The log of one node. */
function linesOf(life: (world: TestWorld) => Life, untilMs = 1_000): readonly string[] {
  const world = new TestWorld()
  world.node('a', life(world))
  return world.run(untilMs)
}

describe('a process', () => {
  it('yields effects and is resumed with their outcomes', () => {
    const kinds: string[] = []
    linesOf(
      () =>
        function* (process) {
          const ready = new Signal()
          process.spawn(function* (task) {
            yield task.sleep(40)
            task.notify(ready)
          })
          kinds.push((yield process.sleep(5)).kind)
          kinds.push((yield process.call('x', 50)).kind)
          kinds.push((yield process.call('x', 9)).kind)
          kinds.push((yield process.wait(ready)).kind)
          kinds.push((yield process.wait(ready, 5)).kind)
        },
    )
    expect(kinds).toEqual(['elapsed', 'answer', 'timeout', 'notified', 'timeout'])
  })

  it('takes a reply at the very deadline of a call, and not after', () => {
    const endOf = (timeoutMs: number) => linesOf(() => asksOnce('x', { timeoutMs })).at(-1)
    expect(endOf(11)).toBe('10 a has x')
    expect(endOf(10)).toBe('10 a has x')
    expect(endOf(9)).toBe('9 a gives up x')
  })

  it('hears nothing more of a call that it has given up, though the step happens', () => {
    const world = new TestWorld({ network: { requestDelayMs: [60, 60], replyDelayMs: [5, 5] } })
    world.node('a', function* (process) {
      yield process.call('x', 50)
      yield process.call('y', 100)
    })
    expect(world.run(1_000)).toEqual([
      '0 a sends x',
      '50 a gives up x',
      '50 a sends y',
      '60 a step x',
      '110 a step y',
      '115 a has y',
    ])
  })

  it('may send the same request again, and says so', () => {
    const lines = linesOf(
      () =>
        function* (process) {
          yield process.call('x', 9)
          yield process.call('x', 20, 1)
        },
    )
    expect(lines.filter((line) => line.includes('sends'))).toEqual(['0 a sends x', '9 a sends x again'])
  })

  it('insists on a request exactly as if it sent it again itself, after every timeout for as long as it is worth it', () => {
    const faults: readonly Fault[] = [
      { kind: 'drop', leg: 'request', node: 0, atMs: 0, durationMs: 40 },
      { kind: 'pause', node: 0, atMs: 45, durationMs: 30 },
      { kind: 'drop', leg: 'reply', node: 0, atMs: 60, durationMs: 90 },
    ]
    const lines = (asks: (process: Process<string, Answer>) => Generator<Suspended, string, Outcome<Answer>>) => {
      const world = new TestWorld({ network: { ...rough, requestLossPerMille: 400 }, faults })
      world.node('a', function* (process) {
        for (let request = 0; request < 40; request++) world.note(process, yield* asks(process))
      })
      return world.run(20_000)
    }
    for (const most of [1, 2, 3, 50]) {
      const insisting = lines(function* (process) {
        const sent = process.call('x', 35)
        process.insist((sendings) => sendings < most)
        return (yield sent).kind
      })
      const asking = lines(function* (process) {
        let outcome = yield process.call('x', 35)
        for (let sendings = 1; outcome.kind === 'timeout' && sendings < most; sendings++) {
          outcome = yield process.call('x', 35, sendings)
        }
        return outcome.kind
      })
      expect(insisting).toEqual(asking)
      expect(insisting.some((line) => line.endsWith('again'))).toBe(most > 1)
    }
  })

  it('insists on nothing but a request, and on each request anew', () => {
    const insisting: Life = function* (process) {
      yield process.sleep(1)
      process.insist(() => true)
    }
    expect(() => linesOf(() => insisting)).toThrow('nothing to insist on')
    const lines = linesOf(
      () =>
        function* (process) {
          const first = process.call('x', 9)
          process.insist((sendings) => sendings < 2)
          yield first
          yield process.call('y', 9)
        },
    )
    expect(lines.filter((line) => line.includes('sends'))).toEqual(['0 a sends x', '9 a sends x again', '18 a sends y'])
  })

  it('sleeps not at all, but lets others of that instant go first', () => {
    const order: string[] = []
    const world = new TestWorld()
    world.node('a', function* (process) {
      order.push('a')
      yield process.sleep(0)
      order.push('a again')
    })
    world.node('b', function* (process) {
      order.push('b')
      yield process.sleep(1)
    })
    world.run(0)
    expect(order).toEqual(['a', 'b', 'a again'])
  })

  it('waits for a signal for ever, unless told how long', () => {
    const lines = linesOf(
      (world) =>
        function* (process) {
          const ready = new Signal()
          process.spawn(function* (task) {
            yield task.sleep(30)
            task.notify(ready)
            yield task.sleep(30)
          })
          world.note(process, (yield process.wait(ready, 10)).kind)
          world.note(process, (yield process.wait(ready)).kind)
          world.note(process, (yield process.wait(ready)).kind)
        },
    )
    expect(lines).toEqual(['10 a timeout', '30 a notified'])
  })

  it('is woken by its own signal alone, together with all who wait for it, and once', () => {
    const lines = linesOf(
      (world) =>
        function* (process) {
          const [one, other] = [new Signal(), new Signal()]
          for (const [name, signal] of [
            ['first', one],
            ['second', one],
            ['third', other],
          ] as const) {
            process.spawn(function* (task) {
              world.note(task, `${name} ${(yield task.wait(signal, 50)).kind}`)
            })
          }
          yield process.sleep(20)
          process.notify(one)
          process.notify(one)
        },
    )
    expect(lines).toEqual(['20 a first notified', '20 a second notified', '50 a third timeout'])
  })

  it('loses no word that is given at the instant at which it would have stopped waiting', () => {
    const lines = linesOf(
      (world) =>
        function* (process) {
          const ready = new Signal()
          process.spawn(function* (task) {
            yield task.sleep(20)
            task.notify(ready)
          })
          yield process.sleep(10)
          world.note(process, (yield process.wait(ready, 10)).kind)
        },
    )
    expect(lines).toEqual(['20 a notified'])
  })

  it('has a number among the tasks of its node, given out again when it ends, and a session named by it', () => {
    const sessions: string[] = []
    const task = (durationMs: number): Life =>
      function* (process) {
        sessions.push(`${process.task} ${process.session} of ${process.nodeName}`)
        yield process.sleep(durationMs)
      }
    linesOf(
      () =>
        function* (process) {
          sessions.push(`${process.task} ${process.session} of ${process.nodeName}`)
          process.spawn(task(10))
          process.spawn(task(50))
          yield process.sleep(20)
          process.spawn(task(10))
          yield process.sleep(0)
        },
    )
    expect(sessions).toEqual(['0 a of a', '1 a/1 of a', '2 a/2 of a', '1 a/1 of a'])
  })

  it('numbers its requests upwards, with the other tasks of its node and through restarts', () => {
    const numbers: number[] = []
    const world = new TestWorld({ faults: [{ kind: 'crash', node: 0, atMs: 15, restartAfterMs: 5 }] })
    world.node('a', function* (process) {
      process.spawn(function* (task) {
        numbers.push(task.nextRequest())
        yield task.sleep(1)
      })
      numbers.push(process.nextRequest())
      yield process.sleep(10)
      numbers.push(process.nextRequest())
      yield process.sleep(10)
    })
    world.run(100)
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6])
  })

  it.each<[string, Life]>([
    [
      'a sleep',
      function* (process) {
        process.sleep(1)
        yield process.call('x', 50)
      },
    ],
    [
      'a call',
      function* (process) {
        process.call('x', 50)
        yield process.sleep(1)
      },
    ],
    [
      'a wait',
      function* (process) {
        process.wait(new Signal(), 10)
        yield process.sleep(1)
      },
    ],
  ])('is told that a yield is missing before %s', (_effect, life) => {
    expect(() => linesOf(() => life)).toThrow(
      expect.objectContaining({
        name: 'StepFailed',
        culprit: 'scenario',
        message: expect.stringContaining('is a `yield` missing?'),
      }),
    )
  })

  it('is told that a yield is missing before its last effect', () => {
    expect(() =>
      linesOf(
        () =>
          function* (process) {
            yield process.sleep(1)
            process.call('x', 50)
          },
      ),
    ).toThrow('a process ended while it waits for a call: is a `yield` missing')
  })

  it.each<[string, unknown, string]>([
    ['a command for the second time', { suspended: true }, 'the same command twice: expected a new one'],
    ['a promise', Promise.resolve(), 'a promise, and a node cannot await: expected a command of the node'],
    ['what another generator does', (function* () {})(), 'a generator: expected `yield*`'],
    ['nothing', undefined, 'nothing to wait for: expected what waits, as in `yield node.sleep(…)`; what does not wait'],
    ['a number', 5, '5: expected what waits'],
    ['a command that was not called', () => undefined, 'a function: expected what waits'],
    ['a list', [], 'an object: expected `yield node.sleep(…)`'],
  ])('is told when it yields %s', (_what, value, told) => {
    expect(() =>
      linesOf(
        () =>
          function* () {
            yield value as Suspended
          },
      ),
    ).toThrow(`a process yielded ${told}`)
  })

  it.each([-1, Number.NaN, 0.5])('may not sleep %d ms, nor wait so long for a reply or a signal', (durationMs) => {
    expect(() =>
      linesOf(
        () =>
          function* (process) {
            yield process.sleep(durationMs)
          },
      ),
    ).toThrow('expected a whole number, 0 or more')
    expect(() => linesOf(() => asksOnce('x', { timeoutMs: durationMs }))).toThrow('expected a whole number above 0')
    expect(() =>
      linesOf(
        () =>
          function* (process) {
            yield process.wait(new Signal(), durationMs)
          },
      ),
    ).toThrow('expected a whole number, 0 or more')
  })
})

describe('what a process waits for by its clock', () => {
  const drift = (atMs: number, ppm: number): Fault => ({ kind: 'drift', node: 0, atMs, ppm })

  it('comes as its clock says, however often that changes its pace meanwhile', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: -500_000, max: 500_000 }))
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('sleep', 'wait', 'call'),
        (changes, waits, how) => {
          const world = new TestWorld({
            network: { requestDelayMs: [5_000, 5_000], replyDelayMs: [5, 5] },
            faults: changes.map(([atMs, ppm]) => drift(atMs, ppm)),
          })
          const longer: number[] = []
          world.node('a', function* (process) {
            for (const waitMs of waits) {
              const fromMs = process.monotonicMs
              if (how === 'sleep') yield process.sleep(waitMs)
              else if (how === 'wait') yield process.wait(new Signal(), waitMs)
              else yield process.call('x', waitMs + 1)
              longer.push(process.monotonicMs - fromMs - waitMs - (how === 'call' ? 1 : 0))
            }
          })
          world.run(20_000)
          expect(longer).toHaveLength(waits.length)
          // By no more than what the clock counts in one millisecond, however often it has changed.
          for (const byMs of longer) {
            expect(byMs).toBeGreaterThanOrEqual(0)
            expect(byMs).toBeLessThanOrEqual(2)
          }
        },
      ),
    )
  })

  it.each([
    [
      'sooner on a clock that runs fast: before its reply, which is known already',
      [drift(7, 1_000_000)],
      12,
      '10 a has x',
    ],
    ['sooner on a clock that runs fast', [drift(2, 3_000_000)], 14, '5 a gives up x'],
    ['before a reply that was in time until then', [drift(6, 8_000_000)], 12, '7 a gives up x'],
    ['later on one that runs slow, so that a late reply is in time', [drift(2, -500_000)], 8, '10 a has x'],
    ['later on one that runs slow', [drift(2, -100_000)], 8, '9 a gives up x'],
  ])('ends a call %s', (_, faults, timeoutMs, end) => {
    const world = new TestWorld({ faults })
    world.node('a', asksOnce('x', { timeoutMs }))
    expect(world.run(1_000).at(-1)).toBe(end)
  })
})
