import { describe, expect, it } from 'vitest'
import { isProvable, provenInvariants, proveSchedules, turnsOf } from '../../src/explore/index.js'
import { commandsOf, defineSubject } from '../../src/subject/index.js'

/** Keeps the head of its logs, and nothing behind it, through a restart of the store. */
const losesItsEvents = defineSubject({
  name: 'loses its events',
  log({ builtIn }) {
    for (const space of builtIn.spaces.values()) {
      const { log } = space.record
      space.events.length = 0
      space.record = { ...space.record, log: { ...log, firstSeq: log.nextSeq } }
    }
    return builtIn.log
  },
})

const grantsAlone = defineSubject({
  name: 'grants and no more',
  log: 'none',
  core: ({ builtIn }) => ({ acquire: builtIn.core.acquire }),
})

describe('a tiny world', () => {
  it('has somebody read the log when all is over: what is lost would be seen by nobody else', async () => {
    const { failure, schedules } = await proveSchedules({ nodes: 2, subject: losesItsEvents })
    expect(failure).toMatchObject({ kind: 'breach', invariant: 'acknowledged-kept' })
    expect(failure?.story.at(-1)).toContain('compacted: read of space-0')
    expect(schedules).toBe(1)
  })

  it('proves nothing of a rule that nothing in it could break', () => {
    expect(provenInvariants).not.toContain('checkpoint-covered')
    const commands = commandsOf(grantsAlone)
    expect(isProvable(['acknowledged-kept', 'contiguous-log'], commands)).toBe(false)
    expect(isProvable(['acknowledged-kept', 'epochs-grow'], commands)).toBe(true)
    expect(isProvable(undefined, commands)).toBe(true)
    expect(isProvable(['acknowledged-kept'], commandsOf(losesItsEvents))).toBe(true)
  })

  it('has nodes do what the subject has commands for', () => {
    expect(turnsOf(2, commandsOf(grantsAlone))).toEqual(['acquire', 'acquire'])
    expect(turnsOf(3, commandsOf(losesItsEvents))).toEqual(['acquire', 'append'])
  })
})
