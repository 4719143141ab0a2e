import { type Evidence, type Seal, sortedJson, type Unsealed } from './evidence.js'
import { sha256 } from './place.js'

/** The digest of all that a run has to show. Blocks of scenarios come in any order, marker lines in the one in which they came. */
export function sealOf({ configuration, verdicts, fabric, comparison, markers }: Unsealed): Seal {
  const inOrder = [...verdicts].sort((a, b) => (a.scenario < b.scenario ? -1 : 1))
  return { sha256: sha256(sortedJson({ configuration, verdicts: inOrder, fabric, comparison, markers })) }
}

export const sealed = (evidence: Unsealed): Evidence => ({ ...evidence, seal: sealOf(evidence) })

/** In what evidence is not what was sealed at the end of its run. */
export function sealReasons({ seal, ...evidence }: Evidence): readonly string[] {
  if (seal === undefined) return ['no seal: it was cut off, or its run did not come to its end']
  return seal.sha256 === sealOf(evidence).sha256
    ? []
    : ['the seal is of other evidence: something was changed, lost or added since']
}
