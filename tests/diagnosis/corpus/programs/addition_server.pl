# A right server of the addition: a process for each client, pack and unpack.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
my $listening = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 512, ReuseAddr => 1)
    or die "listen: $!";

sub fully {
    my ($sock, $size) = @_;
    my $data = '';
    while (length($data) < $size) {
        my $count = sysread($sock, $data, $size - length($data), length($data));
        return undef unless $count;
    }
    return $data;
}

while (1) {
    my $sock = $listening->accept() or next;
    next if fork();
    close($listening);
    binmode($sock);
    my $size = fully($sock, 2);
    if (defined $size && (unpack('n', $size) == 0 || defined fully($sock, unpack('n', $size)))) {
        while (defined(my $pair = fully($sock, 8))) {
            my ($first, $second) = unpack('NN', $pair);
            syswrite($sock, pack('N', ($first + $second) & 0xFFFFFFFF));
        }
    }
    exit 0;
}
