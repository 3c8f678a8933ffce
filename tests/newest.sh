#!/usr/bin/env bash
# newest.sh COMMAND…: run a command in this checkout, beside the newest libvirt and QEMU of Debian.
#
# They are in a folder with a small Debian of its own. It is made in some minutes, kept, and made anew
# when it is four weeks old or what is wanted in it has changed. The checkout is there as /virtiolab, and
# what is written to it stays; its .venv is another, which is kept in the folder.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=trixie
packages=(
  python3-libvirt libvirt-daemon-driver-qemu libvirt-clients virtinst
  qemu-system-x86 qemu-system-arm qemu-system-ppc qemu-system-riscv qemu-system-s390x
  qemu-system-misc qemu-utils
  strace
  python3-venv make git
)
folder=${NEWEST_FOLDER:-/var/cache/virtiolab/$suite-backports}
stamp=made-of  # written last; without it, a folder is not one of ours
weeks=4

left_out() {
  echo "The newest libvirt is left out: $1" >&2
  if [ "${VIRTIOLAB_REQUIRE:-}" = all ]; then exit 1; fi
  exit 0
}

is_recent() {
  [ "$(cat "$folder/$stamp" 2>/dev/null)" = "${packages[*]}" ] &&
    [ -z "$(find "$folder/$stamp" -mtime "+$((7 * weeks))")" ]
}

make_folder() {
  local new=$folder.unfinished
  rm -rf --one-file-system "$new"
  debootstrap --force-check-gpg --variant=minbase "$suite" "$new"
  # As debootstrap wrote where it fetched from, but for the name of the suite.
  sed -n "s/ $suite / $suite-backports /p" "$new/etc/apt/sources.list" >"$new/etc/apt/sources.list.d/backports.list"
  mount --rbind /proc "$new/proc"
  local apt=(chroot "$new" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -qq)
  "${apt[@]}" update
  "${apt[@]}" install --yes --no-install-recommends -t "$suite-backports" "${packages[@]}"
  "${apt[@]}" clean
  umount -l "$new/proc"
  mkdir "$new/venv" "$new/virtiolab"
  echo "${packages[*]}" >"$new/$stamp"
  rm -rf --one-file-system "$folder"
  mv "$new" "$folder"
}

# What programs there need to know of this machine: its names, its certificates, and how its pip is set
# up, with all files that this mentions. (An index of packages is called simple, with the files beside it.)
borrowed() {
  printf '%s\n' /etc/hosts /etc/resolv.conf
  { printf '%s\n' "${passed[@]}"; python3 -m pip config debug 2>/dev/null || :; } |
    tr -s "\"'=:, " '\n' | tr -s / | sed 's,/simple/*$,,' | grep -E '^/[^/]+/.' | sort -u
}

borrow() {
  local there=$folder$1
  if [ -d "$1" ]; then
    mkdir -p "$there"
  elif [ -f "$1" ]; then
    mkdir -p "$(dirname "$there")"
    [ -e "$there" ] || : >"$there"
  else
    return 0
  fi
  mount --bind "$1" "$there"
  mount -o remount,bind,ro "$there"
}

[ $# != 0 ] || { sed -n '2,/^set/s/^# \?//p' tests/newest.sh; exit 2; }
[ "$(id -u)" = 0 ] || left_out "only root can make it and go there: sudo make newest"
is_recent || command -v debootstrap >/dev/null ||
  left_out "debootstrap is not installed: apt-get install debootstrap"
# The rest is done where nobody else sees its mounts, and they end with it, however it ends: so nothing of
# this machine is ever mounted in a folder that is taken away.
unshare --mount true 2>/dev/null ||
  left_out "there is no namespace for its mounts: allow it in this container, as with CAP_SYS_ADMIN"
[ -n "${VIRTIOLAB_APART:-}" ] || VIRTIOLAB_APART=yes exec unshare --mount tests/newest.sh "$@"

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"  # two at once would make one folder, or one .venv
flock 9
if ! is_recent; then
  [ ! -e "$folder" ] || [ -e "$folder/$stamp" ] ||
    left_out "$folder is something else: take it away, or choose NEWEST_FOLDER"
  echo "The newest libvirt is fetched to $folder, this once; it takes some minutes and 1.5 GB"
  set +e  # what stands in a condition would go on after an error
  (set -e; make_folder) >"$folder.log" 2>&1
  made=$?
  set -e
  [ $made = 0 ] || left_out "it could not be fetched: $(tail -n1 "$folder.log") (more in $folder.log)"
fi

mapfile -t names < <(compgen -e | grep -iE '^PIP_|_PROXY$|CERT|CA_BUNDLE|^(TERM|CI|PYTEST_ARGS)$')
passed=()
for name in "${names[@]}"; do passed+=("$name=${!name}"); done
mount --bind "$folder" "$folder"  # only a mount can become the root
borrowed | while read -r path; do borrow "$path"; done
for path in /proc /sys /dev; do mount --rbind "$path" "$folder$path"; done
[ -d .venv ] || { mkdir .venv; chown --reference=. .venv; }
mount --bind . "$folder/virtiolab"
mount --bind "$folder/venv" "$folder/virtiolab/.venv"
# Not chroot alone, in which there may be no namespaces, and the tests need some.
cd "$folder"
pivot_root . mnt
cd /virtiolab
umount -l /mnt
exec env -i "${passed[@]}" HOME=/root LANG=C.UTF-8 \
  PATH=/virtiolab/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  bash -c 'make --quiet .venv/.test && exec 9>&- && exec "$@"' bash "$@"
