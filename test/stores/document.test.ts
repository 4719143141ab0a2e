import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tokenMint } from '../../src/lease/index.js'
import { documentWriter, readDocument } from '../../src/stores/document.js'
import { builtInMachine, step } from '../../src/stores/machine.js'
import { anyCommands } from './commands.js'

it('writes of a document, after whatever happened to it, what JSON.stringify makes of it', () => {
  const mint = tokenMint('secret')
  fc.assert(
    fc.property(anyCommands, fc.array(fc.boolean()), (commands, written) => {
      const document = readDocument('a "space"', undefined)
      const write = documentWriter()
      expect(write(document)).toBe(JSON.stringify(document))
      let nowMs = 0
      for (const [index, { make, passMs }] of commands.entries()) {
        const command = make()
        if (command.kind === 'load' || command.kind === 'read') continue
        nowMs += passMs
        const { reply } = step(document, builtInMachine, command, nowMs, mint)
        document.last = { session: command.session, request: command.request, reply }
        if (written[index] === false) continue
        const text = write(document)
        expect(text).toBe(JSON.stringify(document))
        expect(readDocument('another', text)).toEqual(JSON.parse(JSON.stringify(document)))
      }
    }),
  )
})
