import { describe, expect, it } from 'vitest'
import { installedVersion, refuseMissing } from '../../src/fabric/engines/installed.js'
import { describeWith, isInstalled } from '../support/needs.js'

describe('what the fabric needs', () => {
  it('is named all at once where it is not installed, with the command that installs it', () => {
    expect(() => refuseMissing(['no-such-driver', 'vitest', 'no-such-engine'])).toThrow(
      expect.objectContaining({
        problem: {
          what: 'the fabric needs what is not installed: no-such-driver, no-such-engine',
          store: 'the fabric',
          expected: 'no-such-driver, vitest, no-such-engine',
          todo: 'npm install --save-dev no-such-driver no-such-engine',
        },
      }),
    )
    expect(() => refuseMissing(['vitest'])).not.toThrow()
  })
})

describeWith('pg-boss', isInstalled('pg-boss'))('an engine', () => {
  it('says which version of it is installed', () => {
    expect(installedVersion('pg-boss', /^10\./, '10')).toMatch(/^10\.\d+\.\d+$/)
  })

  it('is refused in a version whose tables are not known', () => {
    expect(() => installedVersion('pg-boss', /^9\./, '9')).toThrow('in a version that the fabric does not know')
  })
})
