# What is peculiar to the Raspberry Pi 4: U-Boot knows its device tree's name (fdtfile) by the
# board's revision; the serial line on the header is the second UART, which Linux calls ttyS1.
setenv board_args "console=ttyS1,115200 panic=5 gpt quiet"

# Where U-Boot itself would put the kernel, one of more than 36 MiB lies over the script, which is
# still being read, and over the device tree: Debian's of 6.12 does.
setenv kernel_addr_r 0x10000000
setenv ramdisk_addr_r 0x14000000

