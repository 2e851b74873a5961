# What is peculiar to the Raspberry Pi 4: U-Boot knows its device tree's name (fdtfile) by the
# board's revision; the serial line on the header is the second UART, which Linux calls ttyS1.
setenv board_args "console=ttyS1,115200 panic=5 quiet"

