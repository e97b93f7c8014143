// The version line: it starts like ipvsadm's, so that scripts which read it go on working; the rest
// names this project.
import { VERSION } from '../render/version.js';

export const VERSION_LINE = `ipvsadm v1.31 (lvs-cli ${VERSION}, IPVS v1.2.1)\n`;
