// Server.java PKCS12 PASSPHRASE: echoes, each connection in a thread of its own.

import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

public final class Server {
    public static void main(String[] arguments) throws Exception {
        char[] passphrase = arguments[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            store.load(file, passphrase);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, passphrase);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket listener = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 128, InetAddress.getByName("127.0.0.1"));
        System.err.println("listening on 127.0.0.1:" + listener.getLocalPort());
        while (true) {
            Socket peer = listener.accept();
            new Thread(() -> echo(peer)).start();
        }
    }

    private static void echo(Socket peer) {
        try (peer) {
            peer.setSoTimeout(20_000);
            peer.getInputStream().transferTo(peer.getOutputStream());
        } catch (java.io.IOException broken) {
            // A peer that breaks off is what this server is for.
        }
    }
}
