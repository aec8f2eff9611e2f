"""Every client against every server, through networks that split and delay: do they understand each other?"""
