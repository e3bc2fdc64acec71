from writehead import http

server = http.create_server()


@server.on("request")
def handle(req, res):
    res.on("finish", lambda: print("response finish"))
    res.on("close", lambda: print("response end"))
    print(res.finished)  # False
    res.status_code = 400
    res.set_header("set-cookie", "sessionid=123;path=/;httponly")
    print(res.get_headers())
    if req.url == "/ping":
        res.write("pong")
        res.end()
    else:
        res.end("/")


server.on("error", print)
server.listen(3000, lambda: print("server is running at localhost:3000"))
http.run()
