// The version line: it starts like ipvsadm's, so that scripts which read it go on working; the rest
// names this project.
export const VERSION_LINE = 'ipvsadm v1.31 (lvs-cli 0.1.0, IPVS v1.2.1)\n';
