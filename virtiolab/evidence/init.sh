#!/bin/busybox sh
# The first and only program of the guest: loads the drivers, waits for the disks, says what it sees.
# Each line that begins with "virtiolab " is read outside.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo 0 > /proc/sys/kernel/printk

total=$(ls /modules | wc -l)
count=0
for module in /modules/*; do
    case $module in *usb-storage*) option=delay_use=0 ;; *) option= ;; esac
    insmod "$module" $option 2>/dev/null
    count=$((count + 1))
    echo "virtiolab loaded $count $total"
done

disks() { ls /sys/block | grep -v -e '^loop' -e '^ram'; }

wanted=$(sed -n 's/.*virtiolab\.disks=\([0-9]*\).*/\1/p' /proc/cmdline)
for _ in $(seq 50); do
    [ "$(disks | wc -l)" -ge "$wanted" ] && break
    sleep 0.2
done

for disk in $(disks); do
    place=$(readlink -f "/sys/block/$disk")
    drivers=
    above=$(readlink -f "/sys/block/$disk/device")
    while [ "$above" != /sys/devices ] && [ "$above" != / ]; do
        [ -e "$above/driver" ] && drivers="$(basename "$(readlink "$above/driver")") $drivers"
        above=$(dirname "$above")
    done
    label=$(head -c 1048576 "/dev/$disk" 2>/dev/null | grep -a -o -m 1 'virtiolab-disk-[a-z0-9]*')
    start=$(head -c 4 "/dev/$disk" 2>/dev/null | hexdump -v -e '/1 "%02x"')
    echo "virtiolab disk|$disk|$drivers|${place#/sys/devices/}|$(cat "/sys/block/$disk/size")|$label|$start"
done
echo "virtiolab done"
poweroff -f
