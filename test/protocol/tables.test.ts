import { describe, expect, it } from 'vitest'
import {
  commandKinds,
  commandsOfPart,
  commandTable,
  fenceRefusals,
  isRefusal,
  parts,
  replyKinds,
} from '../../src/protocol/index.js'

describe('the tables of commands and replies', () => {
  it('say of a command whose it is, what answers it, and whether it is a question', () => {
    expect(commandTable.take).toEqual({ part: 'jobs', answers: ['taken', 'idle'], isQuestion: false })
    expect(commandTable.read).toEqual({ part: 'log', answers: ['events'], isQuestion: true })
  })

  it('give every command to one part', () => {
    expect(parts).toEqual(['core', 'log', 'jobs'])
    expect(parts.flatMap((part) => commandsOfPart[part])).toHaveLength(commandKinds.length)
  })

  it('know of every reply that is no refusal what it answers', () => {
    const answers = new Set<string>(Object.values(commandTable).flatMap((facts) => facts.answers))
    expect([...answers].sort()).toEqual(replyKinds.filter((kind) => !isRefusal({ kind })).sort())
  })

  it('tell the refusals of a fence from others', () => {
    expect(fenceRefusals.every((kind) => isRefusal({ kind }))).toBe(true)
    expect(fenceRefusals).toContain('stale-owner')
    expect(fenceRefusals).not.toContain('lease-held')
  })
})
