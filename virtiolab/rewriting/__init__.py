"""A disk written anew: as libvirt would write it back (`resolution`), or for another bus (`conversion`)."""
