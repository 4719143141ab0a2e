import { expect, it } from 'vitest'
import { installedVersion } from '../../src/fabric/engines/installed.js'
import { describeWith, isInstalled } from '../support/needs.js'

describeWith('pg-boss', isInstalled('pg-boss'))('an engine', () => {
  it('says which version of it is installed', () => {
    expect(installedVersion('pg-boss', /^10\./, '10')).toMatch(/^10\.\d+\.\d+$/)
  })

  it('is refused in a version whose tables are not known', () => {
    expect(() => installedVersion('pg-boss', /^9\./, '9')).toThrow('in a version that the fabric does not know')
  })
})
